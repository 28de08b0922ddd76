// A driver of your own: a read-only one, whose objects are texts compiled into the program. What it cannot do it says
// with `unsupported`, and everything of Storage that needs only reading works. docs/driver.md is the whole contract.
#include <orlop/storage.h>

#include <iostream>
#include <map>

namespace {

const std::map<std::string, std::string, std::less<>> texts = {{"en/greeting", "hello"}, {"fr/greeting", "salut"}};

orlop::Error read_only() { return orlop::Error(orlop::Code::unsupported, "the texts are read-only"); }

class TextReader final : public orlop::Reader {
 public:
  TextReader(orlop::Meta meta, std::string_view rest) : meta_(std::move(meta)), rest_(rest) {}
  const orlop::Meta& meta() const noexcept override { return meta_; }
  orlop::Result<std::size_t> read(orlop::MutableBytes out) override {
    std::size_t count = rest_.copy(reinterpret_cast<char*>(out.data()), out.size());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  orlop::Meta meta_;
  std::string_view rest_;
};

class Texts final : public orlop::Driver {
 public:
  Texts() {
    info_.scheme = "texts";
    info_.name = "built-in texts";
    info_.caps = {orlop::Cap::read_suffix, orlop::Cap::list_sorted, orlop::Cap::start_after};
  }

  const orlop::DriverInfo& info() const noexcept override { return info_; }

  orlop::Result<orlop::Meta> stat(const orlop::Context&, const orlop::StatRequest& request) override {
    auto found = texts.find(request.key);
    if (found == texts.end()) return orlop::Error(orlop::Code::not_found, "there is no such text");
    orlop::Meta meta;
    meta.size = found->second.size();
    return meta;
  }

  orlop::Result<std::unique_ptr<orlop::Reader>> read(const orlop::Context& context,
                                                     const orlop::ReadRequest& request) override {
    ORLOP_ASSIGN(orlop::Meta meta, stat(context, {.key = request.key}));
    ORLOP_ASSIGN(orlop::Range::Extent extent, request.range.resolve(meta.size));
    std::string_view text = texts.find(request.key)->second;
    return std::make_unique<TextReader>(std::move(meta), text.substr(extent.begin, extent.end - extent.begin));
  }

  // There are few texts, so one page takes them all, and delimiters are left out for brevity.
  orlop::Result<orlop::Page> list(const orlop::Context&, const orlop::ListRequest& request) override {
    orlop::Page page;
    for (const auto& [key, text] : texts) {
      if (!key.starts_with(request.prefix) || key <= request.start_after) continue;
      orlop::Entry entry;
      entry.key = key;
      entry.size = text.size();
      page.entries.push_back(std::move(entry));
    }
    return page;
  }

  orlop::Result<orlop::Meta> put(const orlop::Context&, const orlop::PutRequest&) override { return read_only(); }
  orlop::Result<std::unique_ptr<orlop::Writer>> write(const orlop::Context&, const orlop::WriteRequest&) override {
    return read_only();
  }
  orlop::Result<orlop::RemoveResults> remove(const orlop::Context&, const orlop::RemoveRequest&) override {
    return read_only();
  }
  orlop::Result<orlop::Meta> copy(const orlop::Context&, const orlop::CopyRequest&) override { return read_only(); }
  orlop::Result<void> move(const orlop::Context&, const orlop::CopyRequest&) override { return read_only(); }
  orlop::Result<std::string> public_url(std::string_view) const override { return read_only(); }
  orlop::Result<orlop::Presigned> presign(const orlop::Context&, const orlop::PresignRequest&) override {
    return read_only();
  }
  orlop::Multipart* multipart() noexcept override { return nullptr; }

 private:
  orlop::DriverInfo info_;
};

}  // namespace

int main() {
  orlop::Storage storage(std::make_shared<Texts>());
  orlop::Lister lister = storage.list();
  while (const orlop::Entry* entry = lister.next().value()) {
    std::cout << entry->key << ": " << storage.read_all(entry->key).value() << "\n";
  }
  auto refused = storage.save("de/greeting", "hallo");
  if (!refused) std::cout << refused.error().to_string() << "\n";
}
