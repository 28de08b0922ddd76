// What to do when something fails: look at the code, or let value() throw.
#include <orlop/storage.h>

#include <iostream>

int main() {
  auto storage = orlop::Storage::from_url("mem:").value();

  // A Result holds a value or an error. The code says what happened, the text says it in one line.
  orlop::Result<std::string> text = storage.read_all("missing.txt");
  if (!text && text.error().code() == orlop::Code::not_found) std::cout << text.error().to_string() << "\n";

  // An exclusive save has one winner, however many try at once.
  orlop::SaveOptions exclusive;
  exclusive.exclusive = true;
  storage.save("lock", "mine", exclusive).value();
  auto second = storage.save("lock", "yours", exclusive);
  if (!second && second.error().code() == orlop::Code::already_exists) std::cout << "the lock is taken\n";

  try {
    storage.save("../outside.txt", "no").value();
  } catch (const orlop::StorageError& problem) {
    std::cout << problem.what() << "\n";
  }
}
