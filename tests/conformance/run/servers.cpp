// S3: the servers the environment names, and our own in this process.
#include <curl/curl.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>

#include "harnesses.h"
#include "orlop/backends/s3.h"
#include "orlop/layers/layers.h"
#ifdef ORLOP_HAVE_SERVER
#include "orlop/testing/server.h"
#endif

namespace orlop::testing {
namespace {

using Kind = Deviation::Kind;

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? value : "";
}

std::string unique_bucket() {
  static std::mt19937_64 random(std::random_device{}());
  return "orlop-conformance-" + std::to_string(random() % 1'000'000'000'000);
}

// A client that knows nothing of S3: whatever makes the request work is in the request.
Result<HttpAnswer> send_with_curl(const Presigned& request, std::string_view body, const std::string& ca_file) {
  std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  HttpAnswer answer;
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers) list = curl_slist_append(list, (name + ": " + value).c_str());
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 60L);
  if (!ca_file.empty()) curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca_file.c_str());
  if (request.method != "GET") {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
    // What curl would add on its own is not part of what was signed.
    list = curl_slist_append(headers.release(), "Content-Type:");
    headers.reset(list);
  }
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(
      curl.get(), CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* out) {
        static_cast<std::string*>(out)->append(data, size);
        return size;
      });
  if (CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK)
    return Error(Code::unavailable, curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

std::shared_ptr<Driver> open(s3::Options options, bool make_bucket) {
  options.bucket = unique_bucket();
  if (make_bucket) s3::create_bucket(options).value();
  return layers::retry(s3::open(std::move(options)).value(), {});
}

Harness s3_harness(std::string name, const s3::Options& options, std::vector<Deviation> deviations) {
  Harness harness;
  harness.name = std::move(name);
  harness.make = [options] { return open(options, true); };
  harness.make_missing = [options] { return open(options, false); };
  harness.send = [ca = options.ca_file](const Presigned& request, std::string_view body) {
    return send_with_curl(request, body, ca);
  };
  harness.secrets = {options.access_key_id, options.secret_access_key, "X-Amz-Signature"};
  harness.deviations = std::move(deviations);
  return harness;
}

struct KnownServer {
  std::string_view name;
  std::vector<Deviation> deviations;
  bool has_gateway = false;  // is tested once more behind our own server: one of each kind is enough
};

// What each was seen to do. The names of keys that are refused are also in the table of dialects.
std::vector<KnownServer> known_servers() {
  constexpr std::string_view as_files = "keeps objects as files";
  std::vector<Deviation> files = {{"double_slash", Kind::refused, as_files},
                                  {"leading_slash", Kind::refused, as_files},
                                  {"only_slash", Kind::refused, as_files},
                                  {"dot_segment", Kind::refused, as_files},
                                  {"dot_dot_segment", Kind::refused, as_files},
                                  {"dot_dot_alone", Kind::refused, as_files},
                                  {"one_long_segment", Kind::refused, as_files},
                                  {"key.keeps_a_name_beside_names_below_it", Kind::absent, as_files}};
  std::vector<Deviation> s3proxy = files;
  std::erase_if(s3proxy, [](const Deviation& deviation) { return deviation.name == "one_long_segment"; });
  s3proxy.push_back({"trailing_slash", Kind::refused, as_files});
  s3proxy.push_back({"list.groups_by_other_delimiters", Kind::absent, "knows the slash only"});
  s3proxy.push_back({"attrs.expires_of_uploads", Kind::absent, "forgets Expires of CreateMultipartUpload"});
  return {{"minio", files, true}, {"ceph", {}}, {"s3proxy", s3proxy, true}};
}

#ifdef ORLOP_HAVE_SERVER
s3::Options client_of(const Server& server, std::string dialect) {
  s3::Options options;
  options.endpoint = server.endpoint();
  options.region = server.options().region;
  options.access_key_id = server.options().access_key_id;
  options.secret_access_key = server.options().secret_access_key;
  options.dialect = std::move(dialect);
  return options;
}

// Buckets of another service.
class RemoteBuckets : public BucketStore {
 public:
  explicit RemoteBuckets(s3::Options options) : options_(std::move(options)) {}

  Result<std::vector<BucketEntry>> list() override { return std::vector<BucketEntry>(); }
  Result<void> create(const std::string& bucket) override {
    s3::Options options = options_;
    options.bucket = bucket;
    ORLOP_TRY(s3::create_bucket(options));
    ORLOP_ASSIGN(auto driver, s3::open(std::move(options)));
    std::lock_guard lock(mutex_);
    drivers_[bucket] = layers::retry(std::move(driver), {});
    return {};
  }
  Result<void> remove(const std::string& bucket) override { return Error(Code::unsupported, bucket); }
  std::shared_ptr<Driver> open(const std::string& bucket) override {
    std::lock_guard lock(mutex_);
    auto found = drivers_.find(bucket);
    return found == drivers_.end() ? nullptr : found->second;
  }

 private:
  const s3::Options options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Driver>> drivers_;
};

// `buckets` are asked for with the first test; the server is kept till the last. Its dialect is that of what is behind.
void register_own_server(const KnownServer& kind, std::string name,
                         const std::function<std::shared_ptr<BucketStore>()>& buckets) {
  Harness harness;
  harness.name = std::move(name);
  harness.deviations = kind.deviations;
  auto server = std::make_shared<std::unique_ptr<Server>>();
  auto options = [server, buckets, dialect = std::string(kind.name)] {
    if (!*server) *server = Server::start(buckets()).value();
    return client_of(**server, dialect);
  };
  harness.make = [options] { return open(options(), true); };
  harness.make_missing = [options] { return open(options(), false); };
  harness.send = [](const Presigned& request, std::string_view body) { return send_with_curl(request, body, {}); };
  register_both(std::move(harness));
}

void register_gateway(KnownServer kind, const s3::Options& options) {
  // What is not in order is sorted and grouped by our server.
  std::erase_if(kind.deviations, [](const Deviation& each) { return each.name == "list.groups_by_other_delimiters"; });
  register_own_server(kind, std::string(kind.name) + "_gateway",
                      [options] { return std::make_shared<RemoteBuckets>(options); });
}
#endif

void register_server(const KnownServer& server, const std::string& transport, const std::string& endpoint) {
  s3::Options options;
  options.endpoint = endpoint;
  options.region = "us-east-1";
  options.access_key_id = environment("ORLOP_TEST_S3_KEY");
  options.secret_access_key = environment("ORLOP_TEST_S3_SECRET");
  options.dialect = server.name;
  if (transport == "HTTPS") options.ca_file = environment("ORLOP_TEST_CA");
  std::string name = std::string(server.name) + (transport == "HTTPS" ? "_https" : "_http");
  register_both(s3_harness(name, options, server.deviations));
#ifdef ORLOP_HAVE_SERVER
  if (server.has_gateway && transport == "HTTP") register_gateway(server, options);
#endif
}

void register_named_servers() {
  std::string names = environment("ORLOP_TEST_SERVERS") + ",";
  for (std::size_t comma; (comma = names.find(',')) != std::string::npos; names.erase(0, comma + 1)) {
    std::string name = names.substr(0, comma);
    if (name.empty()) continue;
    KnownServer server{name, {}};
    for (const KnownServer& known : known_servers())
      if (known.name == name) server = known;
    std::string variable = "ORLOP_TEST_" + name;
    for (char& c : variable) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    for (std::string transport : {"HTTP", "HTTPS"})
      if (std::string endpoint = environment(variable + "_" + transport); !endpoint.empty())
        register_server(server, transport, endpoint);
  }
}

#ifdef ORLOP_HAVE_SERVER
void register_own_servers() {
  register_own_server({"orlop", {}}, "orlop_server", memory_buckets);
  auto behind = std::make_shared<std::unique_ptr<Server>>();
  auto buckets = [behind]() -> std::shared_ptr<BucketStore> {
    if (!*behind) *behind = Server::start(memory_buckets()).value();
    return std::make_shared<RemoteBuckets>(client_of(**behind, "orlop"));
  };
  register_own_server({"orlop", {}}, "orlop_gateway", buckets);
}
#else
void register_own_servers() {}
#endif

}  // namespace

void register_servers() {
  curl_global_init(CURL_GLOBAL_ALL);
  register_own_servers();
  register_named_servers();
}

}  // namespace orlop::testing
