#include "given_rights.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "messages.hpp"
#include "platform.hpp"

// Not every <unistd.h> declares it.
extern char** environ; // NOLINT(readability-redundant-declaration)

namespace netstat46 {

void forget_environment_of_caller() {
    if (has_given_rights() && environ != nullptr) *environ = nullptr;
}

void refuse_with_given_rights(std::string_view what) {
    if (has_given_rights()) throw std::runtime_error(fmt::format(messages.given_rights, what));
}

void refuse_with_given_rights(const OwnOptions& ours) {
    if (ours.save) refuse_with_given_rights("--save");
    if (ours.replay) refuse_with_given_rights("--replay");
    if (ours.question.explain) refuse_with_given_rights("--explain");
    if (ours.question.who_answers) refuse_with_given_rights("--who-answers");
    if (ours.question.can_bind) refuse_with_given_rights("--can-bind");
}

} // namespace netstat46
