// The congestion controller of an association, chosen when it is made.
#pragma once

#include <memory>
#include <variant>

#include "rtc/sctp/tx/bbr.hpp"
#include "rtc/sctp/tx/cubic.hpp"

namespace redan::sctp {

enum class ControllerKind : std::uint8_t {
  rfc9260,  ///< slow start and congestion avoidance
  cubic,    ///< RFC 9438
  bbr,      ///< draft-ietf-ccwg-bbr
};

/// One of them, made with the first event, so that an association that sends nothing has none. What is asked for each
/// packet is kept as two numbers, so the choice costs nothing there.
class Controller {
 public:
  Controller(ControllerKind kind, std::size_t mtu) : kind_(kind), mtu_(mtu), cwnd_(Congestion::kInitialPackets * mtu) {}

  void on_ack(const AckEvent& ack) {
    std::visit([&](auto& model) { model.on_ack(ack); }, model());
    refresh();
  }
  bool on_loss(const LossEvent& loss) {
    const bool first = std::visit([&](auto& model) { return model.on_loss(loss); }, model());
    refresh();
    return first;
  }
  void on_timeout() {
    std::visit([](auto& model) { model.on_timeout(); }, model());
    refresh();
  }
  void on_undo() {
    std::visit([](auto& model) { model.on_undo(); }, model());
    refresh();
  }
  [[nodiscard]] std::size_t cwnd() const { return cwnd_; }
  [[nodiscard]] double pacing_rate() const { return pacing_rate_; }

 private:
  using Model = std::variant<Congestion, Cubic, Bbr>;

  static Model make(ControllerKind kind, std::size_t mtu) {
    switch (kind) {
      case ControllerKind::cubic:
        return Cubic(mtu);
      case ControllerKind::bbr:
        return Bbr(mtu);
      default:
        return Congestion(mtu);
    }
  }
  void refresh() {
    std::visit(
        [this](const auto& model) {
          cwnd_ = model.cwnd();
          pacing_rate_ = model.pacing_rate();
        },
        *model_);
  }
  Model& model() {
    if (!model_) model_ = std::make_unique<Model>(make(kind_, mtu_));
    return *model_;
  }

  ControllerKind kind_;
  std::size_t mtu_;
  std::unique_ptr<Model> model_;
  std::size_t cwnd_;
  double pacing_rate_ = 0;
};
static_assert(CongestionController<Controller>);

}  // namespace redan::sctp
