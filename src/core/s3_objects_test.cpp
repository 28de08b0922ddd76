// The S3 object API against the development server, and against the real servers the environment names: what the boto
// tutorial does, in C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "orlop/s3.h"
#include "orlop/testing/server.h"

namespace orlop::s3 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

struct Target {
  std::string name;  // "orlop": a server of our own
  Options options{};
};
void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? value : "";
}

std::vector<Target> targets() {
  std::vector<Target> found = {{"orlop"}};
  for (std::string name : {"minio", "ceph"}) {
    if (("," + environment("ORLOP_TEST_SERVERS") + ",").find("," + name + ",") == std::string::npos) continue;
    Target target{name};
    std::string upper = name == "minio" ? "MINIO" : "CEPH";
    target.options.endpoint = environment("ORLOP_TEST_" + upper + "_HTTP");
    target.options.access_key_id = environment("ORLOP_TEST_S3_KEY");
    target.options.secret_access_key = environment("ORLOP_TEST_S3_SECRET");
    target.options.region = "us-east-1";
    target.options.dialect = name;
    found.push_back(std::move(target));
  }
  return found;
}

RetryPolicy quick() {
  RetryPolicy policy;
  policy.base_delay = policy.max_delay = Milliseconds(1);
  return policy;
}

class Objects : public ::testing::TestWithParam<Target> {
 protected:
  Objects() {
    Options options = GetParam().options;
    if (is("orlop")) {
      server_ = testing::Server::start(testing::memory_buckets(), {}).value();
      options.endpoint = server_->endpoint();
      options.access_key_id = server_->options().access_key_id;
      options.secret_access_key = server_->options().secret_access_key;
    }
    place_.endpoint = options.endpoint;
    service_ = Service::connect(options, quick()).value();
    static int number = 0;
    bucket_ = service_->create("objects-" + std::to_string(::getpid()) + "-" + std::to_string(++number)).value();
  }
  ~Objects() override {
    auto versions = bucket_->versions();
    for (;;) {
      auto version = versions.next();
      if (!version || !*version) break;
      (void)bucket_->object((*version)->key, (*version)->id).remove();
    }
    (void)bucket_->remove(keys());
    (void)service_->remove(bucket_->name());
  }

  bool is(std::string_view name) const { return GetParam().name == name; }
  std::vector<std::string> keys(std::string_view prefix = {}, std::string_view delimiter = {}) {
    std::vector<std::string> found;
    for (Lister lister = bucket_->list(prefix, delimiter);;) {
      auto entry = lister.next();
      if (!entry || !*entry) return found;
      found.push_back((*entry)->key);
    }
  }
  static std::vector<std::string> permissions(const Acl& acl) {
    std::vector<std::string> found;
    for (const Grant& grant : acl.grants) {
      std::string who = grant.to == Grant::To::group ? grant.grantee.substr(grant.grantee.rfind('/') + 1) : "user";
      found.push_back(who + " " + std::string(to_string(grant.permission)));
    }
    return found;
  }

  std::unique_ptr<testing::Server> server_;
  Options place_;
  std::optional<Service> service_;
  std::optional<Bucket> bucket_;
};

INSTANTIATE_TEST_SUITE_P(Servers, Objects, ::testing::ValuesIn(targets()),
                         [](const auto& each) { return each.param.name; });

TEST_P(Objects, Buckets) {
  const std::string& name = bucket_->name();
  EXPECT_EQ(service_->get(name).value().name(), name);
  EXPECT_TRUE(service_->look_up(name).value());
  EXPECT_FALSE(service_->look_up(name + "-none").value());
  Buckets all = service_->buckets().value();
  auto mine =
      std::find_if(all.buckets.begin(), all.buckets.end(), [&](const Bucket& one) { return one.name() == name; });
  ASSERT_NE(mine, all.buckets.end());
  EXPECT_TRUE(mine->created());
  EXPECT_FALSE(all.owner.id.empty());

  Error error = service_->get(name + "-none").error();
  EXPECT_EQ(error.code(), Code::not_found);
  EXPECT_EQ(error.http_status(), 404);
  EXPECT_EQ(error.service_code(), "NoSuchBucket");
  EXPECT_FALSE(error.request_id().empty());
  EXPECT_EQ(service_->remove(name + "-none").error().service_code(), "NoSuchBucket");

  bucket_->object("k").write("x").value();
  EXPECT_EQ(service_->remove(name).error().service_code(), "BucketNotEmpty");
  EXPECT_EQ(service_->create(name + "-elsewhere", {.location = "eu-central-1"}).error().code(), Code::config_invalid);
  EXPECT_FALSE(bucket_->location().value().empty());
}

TEST_P(Objects, ContentAndMetadata) {
  Object object = bucket_->object("a b/\u00fc+~.txt");
  EXPECT_FALSE(object.exists().value());
  WriteOptions options;
  options.attrs.user = {{"meta1", "first value"}, {"meta2", "second v\u00e4lue"}};
  options.attrs.cache_control = "max-age=60";
  EXPECT_EQ(object.write("This is my text", options).value().size, 15U);
  Meta meta = object.stat().value();
  EXPECT_EQ(meta.attrs.user, options.attrs.user);
  EXPECT_EQ(meta.attrs.content_type, "text/plain");
  EXPECT_EQ(meta.attrs.cache_control, "max-age=60");
  EXPECT_EQ(object.read_all().value(), "This is my text");
  EXPECT_EQ(bucket_->look_up("nowhere").value(), std::nullopt);

  Attrs attrs;
  attrs.content_type = "text/css";
  attrs.user = {{"other", "value"}};
  ASSERT_TRUE(object.set_attrs(attrs));
  EXPECT_EQ(object.stat().value().attrs.user, attrs.user);
  EXPECT_EQ(object.stat().value().attrs.content_type, "text/css");

  options.overwrite = false;
  EXPECT_EQ(object.write("other", options).error().code(), Code::already_exists);
  EXPECT_TRUE(object.remove());
  EXPECT_TRUE(object.remove());
  EXPECT_EQ(object.read_all().error().service_code(), "NoSuchKey");
}

TEST_P(Objects, FilesWithProgress) {
  auto folder = std::filesystem::temp_directory_path() / ("objects-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::string path = folder / "up.csv", copy = folder / "down.csv";
  std::ofstream(path) << std::string(20'000'000, 'x');
  std::atomic<std::uint64_t> sent = 0, received = 0;
  WriteOptions options;
  options.progress = [&](std::uint64_t done) { sent = std::max(sent.load(), done); };
  Object object = bucket_->object("up.csv");
  EXPECT_EQ(object.upload(path, options).value().size, 20'000'000U);
  EXPECT_EQ(sent, 20'000'000U);
  EXPECT_EQ(object.stat().value().attrs.content_type, "text/csv");
  ASSERT_TRUE(object.download(copy, {}, [&](std::uint64_t done) { received = std::max(received.load(), done); }));
  EXPECT_EQ(received, 20'000'000U);
  EXPECT_EQ(std::filesystem::file_size(copy), 20'000'000U);
  EXPECT_FALSE(bucket_->object("none").download(folder / "none"));
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
  EXPECT_EQ(object.upload(folder / "none").error().code(), Code::not_found);

  auto writer = bucket_->object("piecewise").create().value();
  ASSERT_TRUE(writer->write(as_bytes("one ")));
  ASSERT_TRUE(writer->write(as_bytes("two")));
  ASSERT_TRUE(writer->commit());
  File file = bucket_->object("piecewise").open().value();
  file.seek(4);
  EXPECT_EQ(file.read_all().value(), "two");
  std::filesystem::remove_all(folder);
}

TEST_P(Objects, CopiesBetweenBuckets) {
  Object source = bucket_->object("source");
  WriteOptions options;
  options.attrs.user = {{"colour", "red"}};
  ASSERT_TRUE(source.write("text", options));
  Bucket other = service_->create(bucket_->name() + "-other").value();
  Object target = other.object("target");
  ASSERT_TRUE(source.copy_to(target));
  EXPECT_EQ(target.read_all().value(), "text");
  EXPECT_EQ(target.stat().value().attrs.user, options.attrs.user);
  Attrs replaced;
  replaced.user = {{"colour", "blue"}};
  ASSERT_TRUE(source.copy_to(target, {.attrs = replaced}));
  EXPECT_EQ(target.stat().value().attrs.user, replaced.user);
  EXPECT_EQ(bucket_->object("none").copy_to(target).error().code(), Code::not_found);
  EXPECT_TRUE(target.remove());
  EXPECT_TRUE(service_->remove(other.name()));
}

TEST_P(Objects, Listings) {
  for (const char* key : {"a", "d/1", "d/2", "e/1", "z"}) bucket_->object(key).write("x").value();
  EXPECT_THAT(keys(), ElementsAre("a", "d/1", "d/2", "e/1", "z"));
  EXPECT_THAT(keys("", "/"), UnorderedElementsAre("a", "d/", "e/", "z"));
  EXPECT_THAT(keys("d/", "/"), ElementsAre("d/1", "d/2"));
  Lister behind = bucket_->list({}, {}, "d/2");
  EXPECT_EQ((*behind.next())->key, "e/1");
  RemoveResults removed = bucket_->remove({"a", "nowhere", "z"}).value();
  EXPECT_EQ(std::count(removed.begin(), removed.end(), std::nullopt), 3);
  EXPECT_THAT(keys(), ElementsAre("d/1", "d/2", "e/1"));
}

TEST_P(Objects, AccessControlLists) {
  if (is("minio")) GTEST_SKIP() << "MinIO has lists in name only";
  Object object = bucket_->object("foobar");
  ASSERT_TRUE(object.write("text", {.acl = "public-read"}));
  EXPECT_THAT(permissions(object.acl().value()), UnorderedElementsAre("user FULL_CONTROL", "AllUsers READ"));
  Service nobody = Service::connect({.endpoint = place_.endpoint, .anonymous = true}, quick()).value();
  Object seen = nobody.bucket(bucket_->name()).value().object("foobar");
  EXPECT_EQ(seen.read_all().value(), "text");
  EXPECT_EQ(seen.url().value().find('?'), std::string::npos);

  ASSERT_TRUE(object.set_acl("private"));
  EXPECT_EQ(seen.read_all().error().code(), Code::permission_denied);
  EXPECT_EQ(seen.read_all().error().http_status(), 403);
  Acl acl = object.acl().value();
  EXPECT_EQ(Acl::from_xml(acl.to_xml()).value(), acl);
  ASSERT_TRUE(object.grant(Grant::to_user(acl.owner.id, Permission::read_acp)));
  ASSERT_TRUE(object.grant(Grant::to_group(authenticated_users, Permission::read)));
  EXPECT_THAT(permissions(object.acl().value()),
              UnorderedElementsAre("user FULL_CONTROL", "user READ_ACP", "AuthenticatedUsers READ"));
  EXPECT_EQ(object.grant(Grant::to_email("nobody@nowhere.invalid", Permission::read)).error().service_code(),
            "UnresolvableGrantByEmailAddress");
  ASSERT_TRUE(object.copy_to(bucket_->object("kept"), {.keep_acl = true}));
  EXPECT_EQ(bucket_->object("kept").acl().value().grants.size(), 3U);

  ASSERT_TRUE(bucket_->set_acl("public-read"));
  EXPECT_THAT(permissions(bucket_->acl().value()), UnorderedElementsAre("user FULL_CONTROL", "AllUsers READ"));
  Lister open = nobody.bucket(bucket_->name()).value().list();
  EXPECT_TRUE(open.next());
  ASSERT_TRUE(bucket_->grant(Grant::to_user(acl.owner.id, Permission::write)));
  EXPECT_EQ(bucket_->acl().value().grants.size(), 3U);
}

TEST_P(Objects, Tags) {
  Object object = bucket_->object("k");
  ASSERT_TRUE(object.write("x"));
  StringMap tags = {{"project", "x - y"}, {"a b", "1"}};
  EXPECT_TRUE(object.tags().value().empty());
  ASSERT_TRUE(object.set_tags(tags));
  EXPECT_EQ(object.tags().value(), tags);
  ASSERT_TRUE(object.remove_tags());
  EXPECT_TRUE(object.tags().value().empty());
  EXPECT_TRUE(bucket_->tags().value().empty());
  ASSERT_TRUE(bucket_->set_tags(tags));
  EXPECT_EQ(bucket_->tags().value(), tags);
  ASSERT_TRUE(bucket_->remove_tags());
  EXPECT_TRUE(bucket_->tags().value().empty());
}

TEST_P(Objects, Versions) {
  EXPECT_EQ(bucket_->versioning().value(), Versioning::never);
  if (is("orlop")) {
    EXPECT_EQ(bucket_->set_versioning(true).error().code(), Code::unsupported);
    return;
  }
  ASSERT_TRUE(bucket_->set_versioning(true));
  EXPECT_EQ(bucket_->versioning().value(), Versioning::enabled);
  Object object = bucket_->object("k");
  std::string first = object.write("one").value().version, second = object.write("two").value().version;
  Removed hidden = object.remove().value();
  EXPECT_TRUE(hidden.is_delete_marker);
  EXPECT_FALSE(object.exists().value());
  EXPECT_EQ(bucket_->object("k", first).read_all().value(), "one");
  EXPECT_EQ(bucket_->object("k", first).write("three").error().code(), Code::invalid_argument);
  ASSERT_TRUE(bucket_->object("k", first).copy_to(object));
  EXPECT_EQ(object.read_all().value(), "one");
  EXPECT_THAT(bucket_->object("k", second).url().value(), HasSubstr("versionId="));

  VersionLister versions = bucket_->versions("k");
  std::vector<std::string> ids;
  while (const Version* version = versions.next().value()) {
    EXPECT_EQ(version->is_latest, ids.empty());
    EXPECT_EQ(version->is_delete_marker, version->id == hidden.version);
    ids.push_back(version->id);
  }
  EXPECT_THAT(ids, ElementsAre(::testing::_, hidden.version, second, first));
  EXPECT_EQ(bucket_->object("k", second).remove().value().version, second);
  EXPECT_EQ(bucket_->object("k", second).read_all().error().code(), Code::not_found);
  ASSERT_TRUE(bucket_->set_versioning(false));
  EXPECT_EQ(bucket_->versioning().value(), Versioning::suspended);
}

TEST_P(Objects, BadInputIsRefusedInOneSentence) {
  Object object = bucket_->object("k");
  ASSERT_TRUE(object.write("x"));
  auto sentence = [](const auto& result) {
    return result ? "it was not refused" : std::string(result.error().message());
  };
  EXPECT_THAT(sentence(service_->bucket("a/b")), HasSubstr("\"a/b\" cannot be a bucket's name"));
  EXPECT_THAT(sentence(service_->bucket("")), HasSubstr("cannot be a bucket's name"));
  EXPECT_THAT(sentence(service_->create("good-name", {.acl = "nonsense"})), HasSubstr("\"nonsense\" is no canned ACL"));
  EXPECT_THAT(sentence(service_->create("good-name", {.location = "a b"})), HasSubstr("location: write a region"));
  EXPECT_THAT(sentence(object.set_acl("nonsense")), HasSubstr("there are private, public-read"));
  EXPECT_THAT(sentence(object.write("x", {.acl = "nonsense"})), HasSubstr("no canned ACL"));
  EXPECT_THAT(sentence(object.set_acl(Acl{})), HasSubstr("has no owner"));
  EXPECT_THAT(sentence(object.set_acl(Acl{{"me", ""}, {Grant::to_user("", Permission::read)}})),
              HasSubstr("a grant has no grantee"));
  EXPECT_THAT(sentence(object.set_tags({{"", "x"}})), HasSubstr("a tag has no name"));
  EXPECT_THAT(sentence(object.set_tags({{"a", "\x01"}})), HasSubstr("control characters"));
  EXPECT_THAT(sentence(bucket_->object("").stat()), HasSubstr("is empty"));
  EXPECT_THAT(sentence(bucket_->object("").remove()), HasSubstr("the key is empty"));
  EXPECT_THAT(sentence(bucket_->object("").set_acl("private")), HasSubstr("the key is empty"));
  EXPECT_THAT(sentence(object.upload("")), HasSubstr("the path of the file is empty"));
  EXPECT_THAT(sentence(object.url({.expires = std::chrono::seconds(-1)})),
              HasSubstr("cannot expire before it is made"));
  EXPECT_THAT(sentence(Acl::from_xml("<a/>")), HasSubstr("no AccessControlPolicy"));
  EXPECT_THAT(sentence(Acl::from_xml("<AccessControlPolicy/>")), HasSubstr("no AccessControlList"));
  EXPECT_THAT(sentence(Service::connect({.access_key_id = "x"})), HasSubstr("secret_access_key is not"));
  EXPECT_EQ(object.read_all().value(), "x");
}

// What only a server that fails on demand can show: these requests are repeated and checked as all others are.
class ObjectFaults : public ::testing::Test {
 protected:
  ObjectFaults() {
    server_ = testing::Server::start(testing::memory_buckets(), {}).value();
    Options options;
    options.endpoint = server_->endpoint();
    options.access_key_id = server_->options().access_key_id;
    options.secret_access_key = server_->options().secret_access_key;
    options.region = "us-east-1";
    service_ = Service::connect(options, quick()).value();
    bucket_ = service_->create("faults").value();
    bucket_->object("k").write("x").value();
  }
  std::unique_ptr<testing::Server> server_;
  std::optional<Service> service_;
  std::optional<Bucket> bucket_;
};

TEST_F(ObjectFaults, ArePassing) {
  Object object = bucket_->object("k");
  for (const char* fault : {"503-twice", "200-with-error-body-once", "truncate-headers-once"}) {
    auto with = [&](const std::string& operation) { server_->set_faults(operation + " " + fault).value(); };
    with("PutObjectAcl");
    EXPECT_TRUE(object.set_acl("public-read")) << fault;
    with("GetObjectAcl");
    EXPECT_EQ(object.acl().value().grants.size(), 2U) << fault;
    with("PutBucketTagging");
    EXPECT_TRUE(bucket_->set_tags({{"a", "b"}})) << fault;
    with("GetBucketTagging");
    EXPECT_EQ(bucket_->tags().value().size(), 1U) << fault;
    with("ListBuckets");
    EXPECT_EQ(service_->buckets().value().buckets.size(), 1U) << fault;
    with("CreateBucket");
    EXPECT_TRUE(service_->create("another")) << fault;
    with("DeleteBucket");
    EXPECT_TRUE(service_->remove("another")) << fault;
    with("DeleteObject");
    EXPECT_TRUE(bucket_->object("gone").remove()) << fault;
  }
}

TEST_F(ObjectFaults, AreNoAnswers) {
  Object object = bucket_->object("k");
  for (const char* fault : {"html-login-page", "200-with-error-body"}) {
    server_->set_faults(std::string("* /* ") + fault).value();
    EXPECT_FALSE(object.set_acl("public-read")) << fault;
    EXPECT_FALSE(object.acl()) << fault;
    EXPECT_FALSE(object.set_tags({{"a", "b"}})) << fault;
    EXPECT_FALSE(bucket_->location()) << fault;
    EXPECT_FALSE(bucket_->versioning()) << fault;
    EXPECT_FALSE(service_->buckets()) << fault;
    EXPECT_FALSE(service_->create("never")) << fault;
    EXPECT_FALSE(object.remove()) << fault;
  }
  server_->set_faults("").value();
  EXPECT_EQ(object.read_all().value(), "x");
  EXPECT_FALSE(service_->look_up("never").value());
}

TEST_F(ObjectFaults, TheRegionIsFoundOut) {
  testing::ServerOptions elsewhere;
  elsewhere.region = "eu-west-1";
  auto server = testing::Server::start(testing::memory_buckets(), elsewhere).value();
  Options options;
  options.endpoint = server->endpoint();
  options.access_key_id = server->options().access_key_id;
  options.secret_access_key = server->options().secret_access_key;
  options.region = "us-east-1";
  Service service = Service::connect(options, quick()).value();
  ASSERT_TRUE(service.create("there", {.location = "eu-west-1"}));
  Bucket bucket = service.get("there").value();
  EXPECT_EQ(bucket.location().value(), "eu-west-1");
  server->take_log();
  ASSERT_TRUE(bucket.object("k").write("x"));
  EXPECT_EQ(server->take_log().size(), 1U) << "the driver knows what the bucket found out";
}

TEST_F(ObjectFaults, AreToldOnce) {
  struct Sink final : TraceSink {
    void on_call(const CallEvent& event) noexcept override { calls.emplace_back(event.operation); }
    void on_retry(const RetryEvent&) noexcept override { ++retries; }
    void on_request(const RequestEvent&) noexcept override { ++requests; }
    std::vector<std::string> calls;
    int retries = 0, requests = 0;
  } sink;
  Context context;
  context.trace = &sink;
  server_->set_faults("GetBucketAcl 503-twice").value();
  ASSERT_TRUE(bucket_->acl(context));
  EXPECT_THAT(sink.calls, ElementsAre("acl"));
  EXPECT_EQ(sink.retries, 2);
  EXPECT_EQ(sink.requests, 3);
}

}  // namespace
}  // namespace orlop::s3
