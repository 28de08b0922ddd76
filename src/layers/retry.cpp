// retry: repeats what failed for a passing reason, and finds out what became of writes whose answer was lost.
#include <algorithm>

#include "engine/attempts.h"
#include "engine/resuming_reader.h"
#include "layers/named.h"
#include "layers/settle.h"
#include "orlop/layers/around.h"
#include "orlop/layers/layers.h"

namespace orlop::layers {

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

class RetryLayer final : public Around<RetryLayer>, public Named {
 public:
  RetryLayer(std::shared_ptr<Driver> next, RetryPolicy policy)
      : Around(std::move(next)), policy_(std::make_shared<const RetryPolicy>(std::move(policy))) {}

  std::string_view layer_name() const noexcept override { return "retry"; }
  const Driver& inner() const noexcept override { return next(); }

  template <class Next>
  auto around(const Context& context, const Call& call, Next&& next_call) -> decltype(next_call(context)) {
    Context inner = with_policy(context);
    return engine::repeat(inner, call.operation, call.replayable, [&] { return next_call(inner); });
  }

  using Around::wrap;
  Result<std::unique_ptr<Reader>> wrap(const Context& context, const ReadRequest& request,
                                       std::unique_ptr<Reader> reader) {
    return engine::resuming_reader(next(), with_policy(context), request, std::move(reader));
  }

  Result<Meta> put(const Context& context, const PutRequest& request) override {
    Context inner = with_policy(context);
    Attempted attempted{request.payload, now()};
    return settled(
        inner, "put", [&] { return next().put(inner, request); },
        [&] { return find_put(inner, request.key, attempted); });
  }

  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    Context inner = with_policy(context);
    SystemTime began = now();
    return settled(
        inner, "copy", [&] { return next().copy(inner, request); }, [&] { return find_copy(inner, request, began); });
  }

  // Repeating a move whose answer was lost would report that the source is gone.
  Result<void> move(const Context& context, const CopyRequest& request) override {
    Context inner = with_policy(context);
    engine::Attempts attempts(inner, "move", true);
    bool unheard = false;
    for (;;) {
      auto result = next().move(inner, request);
      if (result) return attempts.succeeded(), result;
      Error& error = result.error();
      unheard = unheard || may_have_worked(error);
      if (attempts.again(error)) continue;
      if (unheard && !context.expired() && has_moved(inner, request)) return {};
      return result;
    }
  }

  // Keys fail one by one; only those whose failure may pass are sent again.
  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    Context inner = with_policy(context);
    engine::Attempts attempts(inner, "remove", true);
    RemoveResults results(request.keys.size());
    std::vector<std::size_t> open(request.keys.size());
    for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
    RemoveRequest again = request;
    for (;;) {
      auto answer = next().remove(inner, again);
      if (!answer && attempts.again(answer.error())) continue;
      if (!answer && open.size() == results.size()) return answer;
      merge(results, open, answer);
      open = repeatable(results);
      if (!answer || open.empty()) return attempts.succeeded(), results;
      if (!attempts.again(*results[open.front()])) return results;
      again.keys.clear();
      for (std::size_t i : open) again.keys.push_back(request.keys[i]);
    }
  }

 private:
  struct Found {
    Outcome outcome = Outcome::unclear;
    Meta meta;
  };

  Context with_policy(const Context& context) const {
    Context inner = context;
    inner.retry = policy_;
    return inner;
  }

  // attempt() until it succeeds or fails for good. When an earlier attempt may have taken effect unheard, a conflict
  // may be with ourselves, and a failure may have been a success: find() tells.
  template <class Attempt, class Find>
  Result<Meta> settled(const Context& context, std::string_view operation, Attempt&& attempt, Find&& find) {
    engine::Attempts attempts(context, operation, true);
    bool unheard = false;
    for (;;) {
      Result<Meta> result = attempt();
      if (result) return attempts.succeeded(), result;
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

  Found find_put(const Context& context, std::string_view key, const Attempted& attempted) {
    auto present = look(context, key);
    if (!present) return absent(present.error());
    auto outcome = judge(attempted, *present);
    return {outcome ? *outcome : Outcome::unclear, *std::move(present)};
  }

  Found find_copy(const Context& context, const CopyRequest& request, SystemTime began) {
    auto copy = look(context, request.to);
    if (!copy) return absent(copy.error());
    auto source = look(context, request.from);
    if (!source) return {};
    return {judge_copy(*source, *copy, began), *std::move(copy)};
  }

  static Found absent(const Error& error) {
    return {error.code() == Code::not_found ? Outcome::not_done : Outcome::unclear, {}};
  }

  Result<Meta> look(const Context& context, std::string_view key) {
    return engine::repeat(context, "stat", true, [&] { return next().stat(context, {.key = key}); });
  }

  bool has_moved(const Context& context, const CopyRequest& request) {
    auto source = look(context, request.from);
    return !source && source.error().code() == Code::not_found && look(context, request.to).has_value();
  }

  // Puts the outcomes of one attempt at the places their keys have in the request.
  static void merge(RemoveResults& results, const std::vector<std::size_t>& open, const Result<RemoveResults>& answer) {
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (!answer) {
        results[open[i]] = answer.error();
      } else if (i < answer->size()) {
        results[open[i]] = (*answer)[i];
      }
    }
  }

  static std::vector<std::size_t> repeatable(const RemoveResults& results) {
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i] && results[i]->retry() == Retry::safe) indexes.push_back(i);
    }
    return indexes;
  }

  const std::shared_ptr<const RetryPolicy> policy_;
};

}  // namespace

std::shared_ptr<Driver> retry(std::shared_ptr<Driver> next, RetryPolicy policy) {
  return std::make_shared<RetryLayer>(std::move(next), std::move(policy));
}

}  // namespace orlop::layers
