// The S3 object API beside contents: orlop.s3. Contents go through Store, as everywhere.
#include "orlop/s3.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "call.h"

namespace orlop::python {

namespace nb = nanobind;

namespace {

using Text = std::string_view;
using Pair = std::pair<std::string, std::string>;
// (what the grantee is, grantee, permission, name)
using PlainGrant = std::tuple<std::string, std::string, std::string, std::string>;
// (owner's id, owner's name, grants)
using PlainAcl = std::tuple<std::string, std::string, std::vector<PlainGrant>>;

constexpr const char* kinds[] = {"user", "email", "group"};  // in the order of Grant::To

// Microseconds since 1970.
std::optional<std::int64_t> plain(const std::optional<SystemTime>& time) {
  return time ? std::optional(time->time_since_epoch().count()) : std::nullopt;
}

PlainAcl plain(const s3::Acl& acl) {
  std::vector<PlainGrant> grants;
  for (const s3::Grant& grant : acl.grants) {
    grants.emplace_back(kinds[static_cast<std::size_t>(grant.to)], grant.grantee,
                        std::string(s3::to_string(grant.permission)), grant.name);
  }
  return {acl.owner.id, acl.owner.name, std::move(grants)};
}

s3::Acl to_acl(const PlainAcl& text) {
  s3::Acl acl{{std::get<0>(text), std::get<1>(text)}, {}};
  for (const auto& [kind, grantee, permission, name] : std::get<2>(text)) {
    auto known = s3::parse_permission(permission);
    if (!known) throw nb::value_error("a permission is READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL");
    auto to = std::find(std::begin(kinds), std::end(kinds), kind) - std::begin(kinds);
    if (to == std::ssize(kinds)) throw nb::value_error("a grantee is a user, an email or a group");
    acl.grants.push_back({static_cast<s3::Grant::To>(to), grantee, *known, name});
  }
  return acl;
}

class Versions {
 public:
  Versions(s3::VersionLister lister, nb::object ledger) : lister_(std::move(lister)), ledger_(std::move(ledger)) {}

  // (key, id, is latest, is a delete marker, is a prefix, size, modified, etag); None at the end.
  nb::object next() {
    const s3::Version* version = run(ledger_, [&](const Context&) { return lister_.next(); });
    if (!version) return nb::none();
    return nb::make_tuple(version->key, version->id, version->is_latest, version->is_delete_marker, version->is_prefix,
                          version->size, plain(version->modified), version->etag);
  }

 private:
  s3::VersionLister lister_;
  nb::object ledger_;
};

// A bucket, and by their keys its objects; an empty key is the bucket itself.
class Place {
 public:
  explicit Place(s3::Bucket bucket) : bucket_(std::move(bucket)) {}

  // call(bucket or object, context)
  template <class F>
  auto call(Text key, Text version, nb::handle ledger, F&& function) const {
    return run(ledger, [&](const Context& context) {
      return key.empty() ? function(bucket_, context) : function(bucket_.object(key, version), context);
    });
  }

  std::string location(nb::handle ledger) const {
    return run(ledger, [&](const Context& context) { return bucket_.location(context); });
  }
  PlainAcl acl(Text key, Text version, nb::handle ledger) const {
    return plain(
        call(key, version, ledger, [](const auto& place, const Context& context) { return place.acl(context); }));
  }
  void set_canned_acl(Text key, Text version, Text canned, nb::handle ledger) const {
    call(key, version, ledger,
         [&](const auto& place, const Context& context) { return place.set_acl(canned, context); });
  }
  void set_acl(Text key, Text version, const PlainAcl& text, nb::handle ledger) const {
    s3::Acl acl = to_acl(text);
    call(key, version, ledger, [&](const auto& place, const Context& context) { return place.set_acl(acl, context); });
  }
  StringMap tags(Text key, Text version, nb::handle ledger) const {
    return call(key, version, ledger, [](const auto& place, const Context& context) { return place.tags(context); });
  }
  void set_tags(Text key, Text version, const StringMap& tags, nb::handle ledger) const {
    call(key, version, ledger,
         [&](const auto& place, const Context& context) { return place.set_tags(tags, context); });
  }
  void remove_tags(Text key, Text version, nb::handle ledger) const {
    call(key, version, ledger, [](const auto& place, const Context& context) { return place.remove_tags(context); });
  }
  // None: never; else whether it is on.
  std::optional<bool> versioning(nb::handle ledger) const {
    auto state = run(ledger, [&](const Context& context) { return bucket_.versioning(context); });
    return state == s3::Versioning::never ? std::nullopt : std::optional(state == s3::Versioning::enabled);
  }
  void set_versioning(bool enabled, nb::handle ledger) const {
    run(ledger, [&](const Context& context) { return bucket_.set_versioning(enabled, context); });
  }
  Versions versions(Text prefix, Text delimiter, nb::object ledger) const {
    Context context;
    context.trace = Ledger::sink(ledger);
    return {bucket_.versions(prefix, delimiter, context), std::move(ledger)};
  }
  std::tuple<std::string, bool> remove(Text key, Text version, nb::handle ledger) const {
    s3::Removed removed =
        run(ledger, [&](const Context& context) { return bucket_.object(key, version).remove(context); });
    return {removed.version, removed.is_delete_marker};
  }
  Meta download(Text key, Text version, const std::string& path, nb::handle ledger) const {
    return run(ledger, [&](const Context& context) { return bucket_.object(key, version).download(path, context); });
  }

 private:
  s3::Bucket bucket_;
};

class Account {
 public:
  Account(const StringMap& options, int attempts, double timeout)
      : service_(unwrap(s3::Service::connect(unwrap(s3::parse_options(options)), {.max_attempts = attempts},
                                             Milliseconds(static_cast<std::int64_t>(timeout * 1000))))) {}

  Place bucket(Text name) const { return Place(unwrap(service_.bucket(name))); }
  void head(Text name, nb::handle ledger) const {
    run(ledger, [&](const Context& context) { return service_.get(name, context); });
  }
  void create(Text name, std::string location, std::string acl, nb::handle ledger) const {
    s3::NewBucket options{std::move(location), std::move(acl)};
    run(ledger, [&](const Context& context) { return service_.create(name, options, context); });
  }
  void remove(Text name, nb::handle ledger) const {
    run(ledger, [&](const Context& context) { return service_.remove(name, context); });
  }
  // (owner's id, owner's name, [(name, created)])
  nb::tuple buckets(nb::handle ledger) const {
    s3::Buckets found = run(ledger, [&](const Context& context) { return service_.buckets(context); });
    nb::list names;
    for (const s3::Bucket& bucket : found.buckets) names.append(nb::make_tuple(bucket.name(), plain(bucket.created())));
    return nb::make_tuple(found.owner.id, found.owner.name, names);
  }

 private:
  s3::Service service_;
};

}  // namespace

void add_s3(nb::module_& module) {
  const auto some = nb::arg();
  const auto maybe = nb::arg().none();
  nb::class_<Versions>(module, "S3Versions").def("next", &Versions::next);
  nb::class_<Place>(module, "S3Bucket")
      .def("location", &Place::location, maybe)
      .def("acl", &Place::acl, some, some, maybe)
      .def("set_canned_acl", &Place::set_canned_acl, some, some, some, maybe)
      .def("set_acl", &Place::set_acl, some, some, some, maybe)
      .def("tags", &Place::tags, some, some, maybe)
      .def("set_tags", &Place::set_tags, some, some, some, maybe)
      .def("remove_tags", &Place::remove_tags, some, some, maybe)
      .def("versioning", &Place::versioning, maybe)
      .def("set_versioning", &Place::set_versioning, some, maybe)
      .def("versions", &Place::versions, some, some, maybe)
      .def("remove", &Place::remove, some, some, maybe)
      .def("download", &Place::download, some, some, some, maybe);
  nb::class_<Account>(module, "S3Service")
      .def(nb::init<const StringMap&, int, double>())
      .def("bucket", &Account::bucket)
      .def("head", &Account::head, some, maybe)
      .def("create", &Account::create, some, some, some, maybe)
      .def("remove", &Account::remove, some, maybe)
      .def("buckets", &Account::buckets, maybe);
  module.def("acl_to_xml", [](const PlainAcl& acl) { return to_acl(acl).to_xml(); });
  module.def("acl_from_xml", [](Text text) { return plain(unwrap(s3::Acl::from_xml(text))); });
  module.def("canned_acls", [] {
    auto names = s3::canned_acls();
    return std::vector<std::string>(names.begin(), names.end());
  });
}

}  // namespace orlop::python
