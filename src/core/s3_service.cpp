// Service: the buckets of an account.
#include <fmt/core.h>

#include "backends/s3/config.h"
#include "backends/s3/driver.h"
#include "core/s3_state.h"

namespace orlop::s3 {
namespace {

constexpr int pages_max = 1000;  // of a list of buckets: a service must not be believed for ever

// S3's own limits are stricter and differ by region and age; what could not even be asked for is refused here.
Result<void> check_name(std::string_view name) {
  if (!name.empty() && valid_bucket(name)) return {};
  return Error(Code::invalid_argument,
               fmt::format("\"{}\" cannot be a bucket's name: write letters, digits, '.', '-' and '_'", name));
}

// The region of buckets made in a location. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html:
// "EU" is eu-west-1.
std::string_view region_of(std::string_view location) { return location == "EU" ? "eu-west-1" : location; }

Result<void> make(Client& client, const Context& context, const NewBucket& options, bool doubtful) {
  auto made = create_bucket(client, context, options.location, options.acl);
  // Made by the attempt whose answer was lost.
  if (!made && doubtful && made.error().service_code() == "BucketAlreadyOwnedByYou") return {};
  return made;
}

Result<void> unmake(Client& client, const Context& context, bool doubtful) {
  auto removed = delete_bucket(client, context);
  if (!removed && doubtful && removed.error().service_code() == "NoSuchBucket") return {};
  return removed;
}

}  // namespace

Result<Service> Service::connect(Options options, RetryPolicy retry, Milliseconds call_timeout) {
  if (!retry.budget) retry.budget = std::make_shared<RetryBudget>();
  ORLOP_ASSIGN(auto client, open_service_client(options));
  State state{std::move(options), std::move(retry), call_timeout, std::move(client)};
  return Service(std::make_shared<const State>(std::move(state)));
}

Result<Bucket> Service::bucket(std::string_view name) const {
  ORLOP_TRY(check_name(name));
  Options options = state_->options;
  options.bucket = name;
  ORLOP_ASSIGN(auto client, open_client(std::move(options)));
  Storage storage(make_driver(client), {.retry = state_->retry, .call_timeout = state_->call_timeout});
  Bucket::State state{std::string(name), state_, std::move(client), std::move(storage)};
  return Bucket(std::make_shared<Bucket::State>(std::move(state)));
}

Result<Bucket> Service::get(std::string_view name, const Context& context) const {
  ORLOP_ASSIGN(Bucket found, bucket(name));
  auto there = found.state_->call(context, "head_bucket", name, head_bucket);
  if (there) return found;
  Error error = std::move(there).error();
  // The answer to HEAD has no words.
  if (error.code() == Code::not_found && error.service_code().empty()) {
    error.set_message("there is no such bucket; check its name and the region");
    error.set_service(error.http_status(), "NoSuchBucket", error.request_id());
  }
  return error;
}

Result<std::optional<Bucket>> Service::look_up(std::string_view name, const Context& context) const {
  auto found = get(name, context);
  if (found) return std::optional(*std::move(found));
  if (found.error().code() == Code::not_found) return std::optional<Bucket>();
  return std::move(found).error();
}

Result<Bucket> Service::create(std::string_view name, const NewBucket& options, const Context& context) const {
  ORLOP_TRY(check_name(name));
  if (!options.location.empty() && !valid_region(options.location)) {
    return Error(Code::config_invalid, "location: write a region, such as eu-central-1, or EU");
  }
  // The request goes to where the bucket shall be, as every later one will.
  Service there(*this);
  if (!options.location.empty() && state_->options.endpoint.empty()) {
    auto moved = std::make_shared<State>(*state_);
    moved->options.region = region_of(options.location);
    there.state_ = std::move(moved);
  }
  ORLOP_ASSIGN(Bucket made, there.bucket(name));
  ORLOP_TRY(state_->call(context, "create_bucket", name, [&](const Context& inner, bool doubtful) {
    return make(*made.state_->client, inner, options, doubtful);
  }));
  return made;
}

Result<void> Service::remove(std::string_view name, const Context& context) const {
  ORLOP_ASSIGN(Bucket found, bucket(name));
  return state_->call(context, "remove_bucket", name, [&](const Context& inner, bool doubtful) {
    return unmake(*found.state_->client, inner, doubtful);
  });
}

Result<Buckets> Service::buckets(const Context& context) const {
  Buckets result;
  std::string token;
  for (int page = 0; page < pages_max; ++page) {
    ORLOP_ASSIGN(BucketsReply reply, state_->call(context, "list_buckets", {}, [&](const Context& inner, bool) {
      return list_buckets(*state_->client, inner, token);
    }));
    result.owner = std::move(reply.owner);
    for (const BucketsReply::Bucket& listed : reply.buckets) {
      ORLOP_ASSIGN(Bucket one, bucket(listed.name));
      one.created_ = listed.created;
      result.buckets.push_back(std::move(one));
    }
    if (reply.token.empty() || reply.token == token) return result;
    token = std::move(reply.token);
  }
  return Error(Code::data_corrupted, "the list of buckets does not come to an end")
      .add_context("list_buckets", "s3", {});
}

}  // namespace orlop::s3
