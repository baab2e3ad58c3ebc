#include "rtc/stun/binding_client.hpp"

namespace redan::stun {

BindingClient::BindingClient(const Path& path, Transport transport, Provider& provider)
    : path_(path), transport_(transport), provider_(&provider) {}

void BindingClient::start(TimePoint now, const Timing& timing) {
  transaction_.emplace(now, transport_, *provider_, timing);
  result_.reset();
}

bool BindingClient::awaits(const Path& path, const Message& response) const {
  const bool is_response = response.message_class == Class::success || response.message_class == Class::error;
  return transaction_ && is_response && path == path_ && response.method == kBinding &&
         response.transaction == transaction_->id();
}

void BindingClient::handle_input(TimePoint now, const Path& path, const Message& message) {
  if (!awaits(path, message)) return;
  // RFC 8489 section 6.3.3: a response with an unknown comprehension-required attribute fails.
  const bool mapped = message.message_class == Class::success && message.mapped_address && message.unknown_count == 0;
  if (mapped) {
    result_ = Mapped{*message.mapped_address, transaction_->rtt(now)};
  } else {
    result_ = Failed{message.error_code.value_or(0)};
  }
  transaction_.reset();
}

BindingClient::Output BindingClient::poll_output(TimePoint now, MutableBytes buffer) {
  if (transaction_) {
    switch (transaction_->poll(now)) {
      case Transaction::Due::nothing:
        return Wait{transaction_->deadline()};
      case Transaction::Due::transmit:
        return Transmit{path_, MessageBuilder(buffer, Class::request, transaction_->id()).finish()};
      case Transaction::Due::timeout:
        transaction_.reset();
        return Failed{};
    }
  }
  if (!result_) return Wait{kNever};
  const auto result = *std::exchange(result_, std::nullopt);
  return std::visit([](const auto& each) { return Output(each); }, result);
}

static_assert(Machine<BindingClient>);

}  // namespace redan::stun
