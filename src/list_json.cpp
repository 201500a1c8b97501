#include "list_json.hpp"

#include <exception>
#include <utility>

#include "format/json.hpp"
#include "last_words.hpp"

namespace netstat46 {

Plan json_plan(const ParsedOptions& chosen, const Selection& selection, const PlanContext& context) {
    Plan plan = bare_plan(chosen, selection, context);
    plan.wanted.owners = plan.wanted.all_owners = plan.wanted.owner_details = plan.wanted.tcp_info = true;
    plan.wanted.half_open = plan.filter.empty(); // it is a whole table, which one port is not worth
    plan.wanted.bound = plan.wanted.bound || chosen.all || (context.all && !chosen.listening);
    return plan;
}

Numeric json_numeric(Numeric numeric) {
    numeric.users = numeric.users || (numeric.hosts && numeric.ports);
    return numeric;
}

Listed list_json(const Plan& plan, const Source& source,
                 const std::function<bool(const SocketRecord&)>& selects, HostTables& tables,
                 const PlanContext& context, const Streams& streams) {
    std::vector<std::string> problems;
    const auto keep = [&](const Problem& problem) {
        problems.push_back(problem.text);
        streams.problem(problem);
    };
    const auto write = [json = JsonSockets(*context.host, *context.names),
                        first = true](Text& text, const Row& row) mutable {
        put(text, std::exchange(first, false) ? "\n" : ",\n");
        json.put(text, row);
    };
    Text text;
    put_json_head(text, *context.host);
    streams.out->write(text);
    Listed listed;
    try {
        listed = list(plan, source, selects, tables,
                      {streams.out, keep, streams.error, write, streams.await_names});
    } catch (const std::exception& error) {
        keep({words_for(error)});
        listed.status = 1;
    }
    put_json_tail(text, problems);
    streams.out->write(text);
    return listed;
}

} // namespace netstat46
