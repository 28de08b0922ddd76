// A layer of your own: it says only what it does around a call, for all operations at once.
#include <orlop/backends/memory.h>
#include <orlop/layers/around.h>
#include <orlop/storage.h>

#include <chrono>
#include <iostream>

// Counts calls and failures.
class Counting : public orlop::Around<Counting> {
 public:
  using Around::Around;

  template <class Next>
  auto around(const orlop::Context& context, const orlop::Call& call, Next&& next) -> decltype(next(context)) {
    auto result = next(context);
    std::cout << call.operation << " " << call.key << (result ? " ok" : " failed") << "\n";
    return result;
  }
};

int main() {
  orlop::Storage storage(std::make_shared<Counting>(orlop::memory::open()));
  storage.save("a.txt", "one").value();
  storage.copy("a.txt", "b.txt").value();
  std::cout << storage.read_all("b.txt").value() << "\n";
  bool exists = storage.exists("c.txt").value();
  std::cout << "c.txt exists: " << std::boolalpha << exists << "\n";
}
