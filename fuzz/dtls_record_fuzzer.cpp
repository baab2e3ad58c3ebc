// Datagrams through the record layer, before and after the keys of epoch 1 are there. The input is a list of datagrams,
// each with a 16-bit length; the keys come before the second. The provider authenticates nothing, so that what is
// behind the AEAD is reached.
#include <set>
#include <vector>

#include "base/assert.hpp"
#include "rtc/dtls/record_layer.hpp"
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
    layer_.install(OpenProtection(provider(), redan::AeadAlgorithm::aes_128_gcm, key, key.first(4)));
    layer_.install(SealProtection(provider(), redan::AeadAlgorithm::aes_128_gcm, key, key.first(4), 1));
    std::vector<std::uint8_t> early = layer_.take_early();
    REDAN_ASSERT(early.size() <= 128);
    take(early);
  }
  /// What we seal, we open: once.
  void loop(redan::Bytes payload) {
    std::vector<std::uint8_t> record(payload.size() + kMaxRecordOverhead);
    std::copy(payload.begin(), payload.end(), record.begin() + static_cast<std::ptrdiff_t>(layer_.headroom(1)));
    redan::MutableBytes whole = layer_.write(ContentType::application_data, 1, record, payload.size());
    REDAN_ASSERT(whole.size() == payload.size() + layer_.overhead(1));
    const auto opened = layer_.next(whole);
    REDAN_ASSERT(!opened ||
                 std::equal(opened->fragment.begin(), opened->fragment.end(), payload.begin(), payload.end()));
  }

 private:
  void take(redan::MutableBytes rest) {
    const redan::Bytes whole = rest;
    std::size_t records = 0;
    while (const auto record = layer_.next(rest)) {
      ++records;
      REDAN_ASSERT(record->fragment.empty() || (record->fragment.data() >= whole.data() &&
                                                record->fragment.data() + record->fragment.size() <= rest.data()));
      REDAN_ASSERT(record->epoch == 0 || (record->epoch == 1 && layer_.can_read_epoch_1()));
    }
    REDAN_ASSERT(rest.empty() && records <= whole.size() / RecordHeader::kSize);
    REDAN_ASSERT(whole.empty() || records > 0 || layer_.drops().total() > 0);
  }

  RecordLayer layer_;
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
