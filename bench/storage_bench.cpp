// The C++ face: what stat, read_all and save of 4 KiB cost through Storage and all its layers, or from the driver.
//
//   storage_bench [--driver]    serves harness.py
#include <array>

#include "orlop/backends/s3.h"
#include "orlop/storage.h"
#include "worker.h"

namespace {

using orlop::bench::fail;

template <class T>
void check(const orlop::Result<T>& result) {
  if (!result) fail(result.error().to_string());
}

using orlop::bench::Operations;

const std::string body(4096, 'b');

Operations of_storage() {
  auto storage = orlop::Storage::from_url("s3://bench");
  check(storage);
  check(storage->save("key", body));
  return {{"head", [storage] { check(storage->stat("key")); }},
          {"get",
           [storage] {
             const auto text = storage->read_all("key");
             check(text);
             if (text->size() != body.size()) fail("wrong size");
           }},
          {"put", [storage] { check(storage->save("key", body)); }}};
}

Operations of_driver() {
  orlop::s3::Options options;
  options.bucket = "bench";
  auto opened = orlop::s3::open(options);
  check(opened);
  std::shared_ptr<orlop::Driver> driver = *opened;
  check(driver->put({}, {.key = "key", .payload = orlop::Payload::text(body)}));
  return {{"head", [driver] { check(driver->stat({}, {.key = "key"})); }},
          {"get",
           [driver] {
             const auto reader = driver->read({}, {.key = "key"});
             check(reader);
             std::array<std::byte, 8192> buffer;
             std::size_t size = 0;
             for (;;) {
               const auto got = (*reader)->read(buffer);
               check(got);
               if (*got == 0) break;
               size += *got;
             }
             if (size != body.size()) fail("wrong size");
           }},
          {"put", [driver] { check(driver->put({}, {.key = "key", .payload = orlop::Payload::text(body)})); }}};
}

}  // namespace

int main(int count, char** arguments) {
  const bool driver = count > 1 && std::string_view(arguments[1]) == "--driver";
  orlop::bench::serve(driver ? of_driver() : of_storage());
}
