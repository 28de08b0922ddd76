#include "engine/settled.h"

#include "engine/attempts.h"
#include "engine/settle.h"

namespace orlop::engine {

namespace {

SystemTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

// A time limit of ours says nothing about what the service did.
bool may_have_worked(const Error& error) { return error.outcome_unknown() || error.code() == Code::timeout; }

Error still_unknown(const Error& error) {
  std::string message = "the answer was lost, and whether the write took effect could not be found out";
  if (!error.message().empty()) message.append(": ").append(error.message());
  // `timeout` and `canceled` are what the caller was promised; the flag tells the rest.
  bool keeps_code = error.code() == Code::timeout || error.code() == Code::canceled;
  Error unknown = keeps_code ? error : Error(Code::unknown, {}, error.retry());
  unknown.set_service(error.http_status(), error.service_code(), error.request_id()).set_attempts(error.attempts());
  unknown.set_message(std::move(message));
  unknown.set_outcome_unknown();
  return unknown;
}

struct Found {
  Outcome outcome = Outcome::unclear;
  Meta meta;
};

Result<Meta> look(Driver& driver, const Context& context, std::string_view key) {
  return repeat(context, "stat", true, [&] { return driver.stat(context, {.key = key}); });
}

Found absent(const Error& error) {
  return {error.code() == Code::not_found ? Outcome::not_done : Outcome::unclear, {}};
}

Found find_put(Driver& driver, const Context& context, std::string_view key, const Attempted& attempted) {
  auto present = look(driver, context, key);
  if (!present) return absent(present.error());
  auto outcome = judge(attempted, *present);
  return {outcome ? *outcome : Outcome::unclear, *std::move(present)};
}

Found find_copy(Driver& driver, const Context& context, const CopyRequest& request, SystemTime began) {
  auto copy = look(driver, context, request.to);
  if (!copy) return absent(copy.error());
  auto source = look(driver, context, request.from);
  if (!source) return {};
  return {judge_copy(*source, *copy, began), *std::move(copy)};
}

bool has_moved(Driver& driver, const Context& context, const CopyRequest& request) {
  auto source = look(driver, context, request.from);
  return !source && source.error().code() == Code::not_found && look(driver, context, request.to).has_value();
}

// attempt() until it succeeds or fails for good. When an earlier attempt may have taken effect unheard, a conflict
// may be with ourselves, and a failure may have been a success: find() tells.
template <class Attempt, class Find>
Result<Meta> settled(const Context& context, std::string_view operation, Attempt&& attempt, Find&& find) {
  Attempts attempts(context, operation, true);
  bool unheard = false;
  for (;;) {
    Result<Meta> result = attempt();
    if (result) {
      attempts.succeeded();
      return result;
    }
    Error& error = result.error();
    unheard = unheard || may_have_worked(error);
    if (attempts.again(error)) continue;
    if (!unheard) return result;
    if (context.expired()) return still_unknown(error);
    Found found = find();
    if (found.outcome == Outcome::done) return std::move(found.meta);
    if (found.outcome == Outcome::unclear) return still_unknown(error);
    error.set_outcome_unknown(false);
    return result;
  }
}

}  // namespace

Result<Meta> settled_put(Driver& driver, const Context& context, const PutRequest& request) {
  Attempted attempted{request.payload, now()};
  auto attempt = [&] { return driver.put(context, request); };
  return settled(context, "put", attempt, [&] { return find_put(driver, context, request.key, attempted); });
}

Result<Meta> settled_copy(Driver& driver, const Context& context, const CopyRequest& request) {
  SystemTime began = now();
  auto attempt = [&] { return driver.copy(context, request); };
  return settled(context, "copy", attempt, [&] { return find_copy(driver, context, request, began); });
}

Result<void> settled_move(Driver& driver, const Context& context, const CopyRequest& request) {
  Attempts attempts(context, "move", true);
  bool unheard = false;
  for (;;) {
    auto result = driver.move(context, request);
    if (result) {
      attempts.succeeded();
      return result;
    }
    Error& error = result.error();
    unheard = unheard || may_have_worked(error);
    if (attempts.again(error)) continue;
    if (unheard && !context.expired() && has_moved(driver, context, request)) return {};
    return result;
  }
}

}  // namespace orlop::engine
