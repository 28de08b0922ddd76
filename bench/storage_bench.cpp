// The C++ face: what stat, read_all and save of 4 KiB cost through Storage and all its layers.
//
//   storage_bench --worker    serves harness.py
#include "orlop/storage.h"
#include "worker.h"

namespace {

using orlop::bench::fail;

template <class T>
void check(const orlop::Result<T>& result) {
  if (!result) fail(result.error().to_string());
}

}  // namespace

int main() {
  auto storage = orlop::Storage::from_url("s3://bench");
  check(storage);
  const std::string body(4096, 'b');
  check(storage->save("key", body));
  orlop::bench::serve({{"head", [&] { check(storage->stat("key")); }},
                       {"get",
                        [&] {
                          const auto text = storage->read_all("key");
                          check(text);
                          if (text->size() != body.size()) fail("wrong size");
                        }},
                       {"put", [&] { check(storage->save("key", body)); }}});
}
