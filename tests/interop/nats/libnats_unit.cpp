#include "tests/interop/nats/libnats_unit.hpp"

#include <nats/nats.h>

#include <atomic>
#include <stdexcept>

namespace redan::cloud::test {

namespace {

constexpr std::int64_t kTimeoutMs = 1'000;

void must(natsStatus status) {
  if (status != NATS_OK) throw std::runtime_error(std::string("libnats: ") + natsStatus_GetText(status));
}

int size_of(const std::string& text) { return static_cast<int>(text.size()); }

class Unit final : public LibnatsUnit {
 public:
  Unit(const NatsServers& servers, const std::string& who, Sending sending) {
    natsOptions* options = nullptr;
    must(natsOptions_Create(&options));
    const std::string folder = servers.folder().string() + "/";
    must(natsOptions_SetURL(options, ("tls://127.0.0.1:" + std::to_string(servers.port(0))).c_str()));
    must(natsOptions_SetToken(options, kToken));
    must(natsOptions_SetSecure(options, true));
    must(natsOptions_LoadCATrustedCertificates(options, (folder + "ca.pem").c_str()));
    must(natsOptions_LoadCertificatesChain(options, (folder + who + ".pem").c_str(), (folder + who + ".key").c_str()));
    must(natsOptions_SetSendAsap(options, sending == Sending::at_once));
    const natsStatus connected = natsConnection_Connect(&connection_, options);
    natsOptions_Destroy(options);
    must(connected);
  }
  ~Unit() override {
    for (natsSubscription* subscription : subscriptions_) natsSubscription_Destroy(subscription);
    natsConnection_Destroy(connection_);
  }
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  std::optional<std::string> request(const std::string& subject, const std::string& payload) override {
    natsMsg* reply = nullptr;
    const natsStatus status =
        natsConnection_Request(&reply, connection_, subject.c_str(), payload.data(), size_of(payload), kTimeoutMs);
    if (status != NATS_OK) return std::nullopt;
    std::string text(natsMsg_GetData(reply), static_cast<std::size_t>(natsMsg_GetDataLength(reply)));
    natsMsg_Destroy(reply);
    return text;
  }
  void publish(const std::string& subject, const std::string& payload) override {
    must(natsConnection_Publish(connection_, subject.c_str(), payload.data(), size_of(payload)));
  }
  void publish_with_header(const std::string& subject, const std::string& name, const std::string& value,
                           const std::string& payload) override {
    natsMsg* message = nullptr;
    must(natsMsg_Create(&message, subject.c_str(), nullptr, payload.data(), size_of(payload)));
    must(natsMsgHeader_Set(message, name.c_str(), value.c_str()));
    must(natsConnection_PublishMsg(connection_, message));
    natsMsg_Destroy(message);
  }
  void echo(const std::string& subject) override {
    subscribe(subject, [](natsConnection* connection, natsSubscription*, natsMsg* message, void*) {
      natsConnection_Publish(connection, natsMsg_GetReply(message), natsMsg_GetData(message),
                             natsMsg_GetDataLength(message));
      natsMsg_Destroy(message);
    });
  }
  void count(const std::string& subject) override {
    subscribe(subject, [](natsConnection*, natsSubscription*, natsMsg* message, void* self) {
      ++static_cast<Unit*>(self)->counted_;
      natsMsg_Destroy(message);
    });
  }
  [[nodiscard]] std::size_t counted() const override { return counted_; }
  void flush() override { must(natsConnection_FlushTimeout(connection_, kTimeoutMs * 10)); }

 private:
  void subscribe(const std::string& subject, natsMsgHandler handler) {
    natsSubscription* subscription = nullptr;
    must(natsConnection_Subscribe(&subscription, connection_, subject.c_str(), handler, this));
    must(natsSubscription_SetPendingLimits(subscription, -1, -1));
    subscriptions_.push_back(subscription);
    flush();
  }

  natsConnection* connection_ = nullptr;
  std::vector<natsSubscription*> subscriptions_;
  std::atomic<std::size_t> counted_{0};
};

}  // namespace

std::unique_ptr<LibnatsUnit> libnats_unit(const NatsServers& servers, const std::string& who,
                                          LibnatsUnit::Sending sending) {
  return std::make_unique<Unit>(servers, who, sending);
}

}  // namespace redan::cloud::test
