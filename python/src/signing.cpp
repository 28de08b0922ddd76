// What others send: requests signed one by one and in bulk, and uploads whose parts come from elsewhere.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>

#include "call.h"
#include "driver_ref.h"
#include "orlop/cloudfront.h"
#include "orlop/naming.h"

namespace orlop::python {
namespace {

namespace nb = nanobind;

using Fields = std::vector<std::pair<std::string, std::string>>;
using Key = std::string_view;

StringMap to_map(const Fields& fields) { return {fields.begin(), fields.end()}; }

SystemTime to_time(std::int64_t microseconds) { return SystemTime(std::chrono::microseconds(microseconds)); }

// (algorithm, bytes), or None.
nb::object to_python(const std::optional<Checksum>& checksum) {
  if (!checksum) return nb::none();
  std::string_view name = to_string(checksum->algorithm);
  return nb::make_tuple(nb::str(name.data(), name.size()), nb::bytes(checksum->bytes.data(), checksum->bytes.size()));
}

// The addresses of all names below `location`, each cleaned as a storage does it. One call, without the GIL.
std::vector<std::string> presign_many(const DriverRef& ref, std::string_view location,
                                      const std::vector<std::string>& names, std::int64_t expires, Fields query,
                                      std::int64_t signed_at, nb::handle ledger) {
  PresignRequest request{.key = {}, .expires = std::chrono::seconds(expires), .query = std::move(query)};
  request.signed_at = to_time(signed_at);
  return run(ledger, [&](const Context& context) -> Result<std::vector<std::string>> {
    std::vector<std::string> urls;
    urls.reserve(names.size());
    for (const std::string& name : names) {
      ORLOP_ASSIGN(std::string key, naming::safe_join(location, naming::clean_name(name)));
      request.key = key;
      ORLOP_ASSIGN(Presigned signed_request, ref.driver->presign(context, request));
      urls.push_back(std::move(signed_request.url));
    }
    return urls;
  });
}

// A browser's form: `fields` as they are, `prefixes` as far as they begin so, a file between two sizes.
Presigned presign_form(const DriverRef& ref, Key key, std::int64_t expires, Fields fields, Fields prefixes,
                       std::uint64_t min_size, std::optional<std::uint64_t> max_size, std::int64_t signed_at,
                       nb::handle ledger) {
  PresignRequest request{.method = SignedMethod::post,
                         .key = key,
                         .expires = std::chrono::seconds(expires),
                         .parameters = std::move(fields),
                         .max_size = max_size,
                         .min_size = min_size,
                         .prefixes = std::move(prefixes)};
  request.signed_at = to_time(signed_at);
  return run(ledger, [&](const Context& context) { return ref.driver->presign(context, request); });
}

Multipart& multipart(const DriverRef& ref) {
  Multipart* parts = ref.driver->multipart();
  if (!parts) throw nb::value_error("this storage takes no uploads in parts");
  return *parts;
}

// `provider` has what only one protocol knows, by its name of it; the rest are members of Attrs.
std::string begin_upload(const DriverRef& ref, std::string key, const Fields& attrs, const Fields& user,
                         const Fields& provider, nb::handle ledger) {
  BeginRequest request{.key = std::move(key), .attrs = {.user = to_map(user), .provider = to_map(provider)}};
  for (const auto& [name, value] : attrs) {
    if (name == "content_type") request.attrs.content_type = value;
    if (name == "content_encoding") request.attrs.content_encoding = value;
    if (name == "content_language") request.attrs.content_language = value;
    if (name == "content_disposition") request.attrs.content_disposition = value;
    if (name == "cache_control") request.attrs.cache_control = value;
    if (name == "expires") request.attrs.expires = value;
  }
  return run(ledger, [&](const Context& context) { return multipart(ref).begin(context, request); });
}

std::vector<Part> parts_of(const DriverRef& ref, const std::string& key, const std::string& id, nb::handle ledger) {
  return run(ledger, [&](const Context& context) { return multipart(ref).list_parts(context, {key, id}); });
}

// (index, size, etag, checksum or None) a part.
nb::list list_parts(const DriverRef& ref, const std::string& key, const std::string& id, nb::handle ledger) {
  nb::list list;
  for (const Part& part : parts_of(ref, key, id, ledger)) {
    list.append(nb::make_tuple(part.index, part.size, part.etag, to_python(part.checksum)));
  }
  return list;
}

// Makes the object of every part the service holds, which are to be `size` bytes.
Meta complete_upload(const DriverRef& ref, const std::string& key, const std::string& id, std::uint64_t size,
                     nb::handle ledger) {
  CompleteRequest request{.key = key, .upload_id = id, .parts = parts_of(ref, key, id, ledger), .if_match = {}};
  std::uint64_t arrived = 0;
  for (const Part& part : request.parts) arrived += part.size;
  if (arrived != size) {
    unwrap(
        Result<void>(Error(Code::precondition_failed, std::to_string(arrived) + " bytes of the upload arrived, and " +
                                                          std::to_string(size) + " were promised")));
  }
  return run(ledger, [&](const Context& context) { return multipart(ref).complete(context, request); });
}

void abort_upload(const DriverRef& ref, const std::string& key, const std::string& id, nb::handle ledger) {
  run(ledger, [&](const Context& context) { return multipart(ref).abort(context, {key, id}); });
}

}  // namespace

void add_signing(nb::module_& module) {
  const auto some = nb::arg();
  const auto maybe = nb::arg().none();
  nb::class_<DriverRef>(module, "Driver")
      .def("presign_many", presign_many, some, some, some, some, some, maybe)
      .def("presign_form", presign_form, some, some, some, some, some, maybe, some, maybe)
      .def("begin_upload", begin_upload, some, some, some, some, maybe)
      .def("list_parts", list_parts, some, some, maybe)
      .def("complete_upload", complete_upload, some, some, some, maybe)
      .def("abort_upload", abort_upload, some, some, maybe);
  nb::class_<cloudfront::Signer>(module, "CloudFrontSigner")
      .def("__init__",
           [](cloudfront::Signer* self, std::string key_id, std::string_view pem) {
             new (self) cloudfront::Signer(unwrap(cloudfront::Signer::create(std::move(key_id), pem)));
           })
      .def("sign", [](const cloudfront::Signer& signer, std::string_view url,
                      std::int64_t expires) { return unwrap(signer.sign(url, expires)); })
      .def("sign_policy", [](const cloudfront::Signer& signer, std::string_view url, std::string_view policy) {
        return unwrap(signer.sign_policy(url, policy));
      });

  module.def("checksum_of", [](const Meta& meta) { return to_python(meta.checksum); });
}

}  // namespace orlop::python
