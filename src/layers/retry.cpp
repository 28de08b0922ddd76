// retry: repeats what failed for a passing reason, and finds out what became of writes whose answer was lost.
#include "engine/attempts.h"
#include "engine/resuming_reader.h"
#include "engine/settled.h"
#include "layers/layer.h"
#include "orlop/layers/layers.h"

namespace orlop::layers {

namespace {

class RetryLayer final : public Layer<RetryLayer> {
 public:
  RetryLayer(std::shared_ptr<Driver> next, RetryPolicy policy)
      : Layer(std::move(next), "retry"), policy_(std::make_shared<const RetryPolicy>(std::move(policy))) {}

  template <class Next>
  auto around(const Context& context, const Call& call, Next&& next_call) -> decltype(next_call(context)) {
    Context inner = with_policy(context);
    return engine::repeat(inner, call.operation, call.replayable, [&] { return next_call(inner); });
  }

  using Layer::wrap;
  Result<std::unique_ptr<Reader>> wrap(const Context& context, const ReadRequest& request,
                                       std::unique_ptr<Reader> reader) {
    return engine::resuming_reader(next(), with_policy(context), request, std::move(reader));
  }

  Result<Meta> put(const Context& context, const PutRequest& request) override {
    return engine::settled_put(next(), with_policy(context), request);
  }
  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    return engine::settled_copy(next(), with_policy(context), request);
  }
  Result<void> move(const Context& context, const CopyRequest& request) override {
    return engine::settled_move(next(), with_policy(context), request);
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
      if (answer && open.empty()) attempts.succeeded();
      if (!answer || open.empty()) return results;
      if (!attempts.again(*results[open.front()])) return results;
      again.keys.clear();
      for (std::size_t i : open) again.keys.push_back(request.keys[i]);
    }
  }

 private:
  Context with_policy(const Context& context) const {
    Context inner = context;
    inner.retry = policy_;
    return inner;
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
