// Datagrams through the record layer, before and after the keys of epoch 1 are installed. The input is a list of
// datagrams, each with a 16-bit length; the keys are installed before the second. The provider authenticates nothing,
// so that the code behind the AEAD is reached.
#include <set>
#include <vector>

#include "base/assert.hpp"
#include "rtc/dtls/record/early_records.hpp"
#include "rtc/dtls/record/protection.hpp"
#include "rtc/dtls/record/record_layer.hpp"
#include "tests/support/null_provider.hpp"

namespace {

using namespace redan::dtls;

redan::Provider& provider() {
  static const auto real = redan::mbedtls_provider();
  static redan::test::NullProvider null(*real);
  return null;
}

void headers_survive(redan::Bytes datagram) {
  redan::Reader reader(datagram);
  const auto header = RecordHeader::parse(reader);
  if (!header) return;
  std::array<std::uint8_t, RecordHeader::kSize> written{};
  redan::Writer writer(written);
  header->write(writer);
  REDAN_ASSERT(std::equal(written.begin(), written.end(), datagram.begin()));
}

class Script {
 public:
  void datagram(redan::Bytes bytes) {
    headers_survive(bytes);
    std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
    take(copy);
  }
  void install_keys() {
    const std::array<std::uint8_t, 32> zeros{};
    const redan::Bytes key = redan::Bytes(zeros).first(16);
    read_.emplace(provider(), redan::AeadAlgorithm::aes_128_gcm, key, key.first(4));
    write_.emplace(provider(), redan::AeadAlgorithm::aes_128_gcm, key, key.first(4), Epoch{1});
    const TrafficKeys keys{redan::AeadAlgorithm::aes_128_gcm, redan::Secret<32>(key),
                           redan::Secret<redan::kAeadNonceSize>(key.first(12)), redan::Secret<32>(key)};
    open_.emplace(provider(), keys, 3);
    seal_.emplace(provider(), keys, 3);
    auto early = early_.take();
    REDAN_ASSERT(early.size() <= EarlyRecords::kMaxRecords);
    std::size_t kept = 0;
    for (auto& record : early) {
      kept += record.size();
      take(record);
    }
    REDAN_ASSERT(kept <= EarlyRecords::kMaxBytes);
  }
  /// What we seal, we can open once, in both forms.
  void loop(redan::Bytes payload) {
    loop_12(payload);
    loop_13(payload);
  }

 private:
  void loop_13(redan::Bytes payload) {
    std::vector<std::uint8_t> record(payload.size() + CiphertextSeal::kOverhead);
    std::copy(payload.begin(), payload.end(), record.begin() + CiphertextSeal::kHeadroom);
    redan::MutableBytes whole = seal_->seal(ContentType::application_data, record, payload.size());
    REDAN_ASSERT(whole.empty() == (payload.size() > RecordHeader::kMaxPlaintext));
    if (whole.empty()) return;
    const auto sealed = layer_.next(whole);
    REDAN_ASSERT(sealed && sealed->unified && whole.empty());
    const auto opened = layer_.open(*sealed, std::array{&*open_});
    REDAN_ASSERT(!opened || (opened->type == ContentType::application_data &&
                             std::equal(opened->text.begin(), opened->text.end(), payload.begin(), payload.end())));
  }
  void loop_12(redan::Bytes payload) {
    std::vector<std::uint8_t> record(payload.size() + kMaxRecordOverhead);
    std::copy(payload.begin(), payload.end(), record.begin() + static_cast<std::ptrdiff_t>(write_->headroom()));
    redan::MutableBytes whole = write_->seal(ContentType::application_data, record, payload.size());
    REDAN_ASSERT(whole.empty() == (payload.size() > RecordHeader::kMaxPlaintext));
    if (whole.empty()) return;
    REDAN_ASSERT(whole.size() == payload.size() + write_->overhead());
    const auto sealed = layer_.next(whole);
    const auto opened = open(*sealed);
    REDAN_ASSERT(!opened || std::equal(opened->begin(), opened->end(), payload.begin(), payload.end()));
  }

  void take(redan::MutableBytes rest) {
    const redan::Bytes whole = rest;
    std::size_t records = 0;
    while (const auto record = layer_.next(rest)) {
      ++records;
      REDAN_ASSERT(record->whole.data() >= whole.data() && record->whole.data() + record->whole.size() <= rest.data());
      if (record->unified) {
        REDAN_ASSERT(record->unified->size() <= record->whole.size());
        if (open_) take_ciphertext(*record);
        continue;
      }
      REDAN_ASSERT(record->header.acceptable() && record->fragment().size() == record->header.length);
      if (record->header.epoch == Epoch::plaintext) continue;
      if (read_) {
        static_cast<void>(open(*record));
      } else {
        early_.keep(record->whole);
      }
    }
    REDAN_ASSERT(rest.empty() && records <= whole.size() / 2);
    REDAN_ASSERT(whole.empty() || records > 0 || layer_.drops().total() > 0);
  }

  void take_ciphertext(const Record& record) {
    const redan::Bytes whole = record.whole;
    const auto opened = layer_.open(record, std::array{&*open_});
    if (opened) REDAN_ASSERT(opened->text.size() < whole.size() && opened->number.epoch == 3);
  }

  std::optional<redan::MutableBytes> open(const Record& record) {
    if (read_->replayed(record.header)) return std::nullopt;
    const auto text = read_->open(record.header, record.fragment());
    REDAN_ASSERT(!text || read_->replayed(record.header));
    return text;
  }

  RecordLayer layer_;
  EarlyRecords early_;
  std::optional<OpenProtection> read_;
  std::optional<SealProtection> write_;
  std::optional<CiphertextOpen> open_;
  std::optional<CiphertextSeal> seal_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  redan::Reader input({data, size});
  Script script;
  script.datagram(input.opaque16());
  script.install_keys();
  while (!input.empty()) {
    const redan::Bytes bytes = input.opaque16();
    if (!input.ok()) break;
    script.datagram(bytes);
    script.loop(bytes);
  }
  return 0;
}
