#include "posix/answers.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "messages.hpp"

namespace netstat46 {
namespace {

class AnswerReader {
public:
    AnswerReader(std::vector<Question> questions, AskInterface ask, ProblemSink problem)
        : questions_(std::move(questions)), ask_(std::move(ask)), problem_(std::move(problem)) {}

    std::optional<RawBlock> operator()() {
        while (next_ < questions_.size()) {
            const Question& question = questions_[next_++];
            if (question.interface != held_ && !read(question)) continue;
            return RawBlock{question.interface, buffer_, question.table, 0};
        }
        if (!any_read_ && !refused_.empty()) throw std::runtime_error(std::exchange(refused_, {}));
        return std::nullopt;
    }

private:
    bool read(const Question& question) {
        held_ = {};
        if (question.interface == failed_) return false;
        const auto none = ask_(question.interface, buffer_);
        if (!none) {
            held_ = question.interface;
            any_read_ = true;
            return true;
        }
        failed_ = question.interface;
        if (none->absent) return false;
        refused_ = fmt::format(messages.refused, question.interface, none->why);
        problem_({refused_});
        return false;
    }

    std::vector<Question> questions_;
    AskInterface ask_;
    ProblemSink problem_;
    std::vector<std::byte> buffer_;
    std::size_t next_ = 0;
    std::string_view held_;   ///< whose answer is in the buffer
    std::string_view failed_; ///< the last one that gave nothing
    std::string refused_;
    bool any_read_ = false;
};

} // namespace

BlockReader answers_to(std::vector<Question> questions, AskInterface ask, ProblemSink problem) {
    const auto reader =
        std::make_shared<AnswerReader>(std::move(questions), std::move(ask), std::move(problem));
    return [reader] { return (*reader)(); };
}

} // namespace netstat46
