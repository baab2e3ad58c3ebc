// An agent from the gateway's view on the bus, with a runtime behind it that follows the test's script.
#pragma once

#include <deque>
#include <map>

#include "cloud/api/agent.hpp"
#include "cloud/bus/bus.hpp"
#include "cloud/bus/link.hpp"
#include "net/clock.hpp"

namespace redan::cloud::test {

class ScriptedAgent {
 public:
  /// Its reaction to a request to create a session.
  enum class Manner { creates, refuses_busy, refuses_unknown, fails, is_silent, answers_nonsense };

  ScriptedAgent(bus::Bus& bus, std::string id, std::string region, std::string cluster) : bus_(bus) {
    announcement_.agent = std::move(id);
    announcement_.region = std::move(region);
    announcement_.cluster = std::move(cluster);
    announcement_.url = "https://127.0.0.1:1";
    announcement_.fingerprint = std::string(64, 'a');
    announcement_.applications = {"com.example.demo"};
    announcement_.capacity = 10;
    hello_ = subscribed(std::string(api::subject::kHello), [this](const bus::BusMessage&) { announce(); });
    create_ = subscribed(api::subject::agent(announcement_.agent, "create"),
                         [this](const bus::BusMessage& m) { on_create(m); });
    announce();
  }

  void announce() const {
    static_cast<void>(
        bus_.publish(api::subject::agent(announcement_.agent, "announce"), api::message_text(announcement_)));
  }
  api::Announcement& announcement() { return announcement_; }
  Manner manner = Manner::creates;
  Manner on_command = Manner::creates;
  bool runtime_answers = true;  ///< acknowledges frames of links
  std::function<void(const api::SessionSpec&)> before_reply;

  /// Reports a status, as for the latest spec of this session.
  net::Task<Result<std::string>> report(std::string session, api::SessionStatus status, std::string message = {}) {
    api::StateReport report{session, announcement_.agent, specs_.at(session).fence, ++number_, status, message, 0};
    return bus_.request(api::subject::agent(announcement_.agent, "state"), api::message_text(report),
                        std::chrono::seconds(5));
  }
  net::Task<Result<std::string>> claim(std::string session, bool attached = true) {
    const api::Claim claim{session, announcement_.agent, "i-" + session, attached};
    return bus_.request(api::subject::agent(announcement_.agent, "claim"), api::message_text(claim),
                        std::chrono::seconds(5));
  }

  /// It has been restarted, and does not listen to this session any more.
  void forget(const std::string& session) {
    ctl_.erase(session);
    down_.erase(session);
  }

  /// The runtime sends a message on a link that has sent one.
  void say(const std::string& session, const std::string& body) {
    auto& links = links_[session];
    for (auto& [id, link] : links) {
      static_cast<void>(link.send(net::now(), body));
      drain(session, link);
    }
  }
  void end_links(const std::string& session, const std::string& how) {
    for (auto& [id, link] : links_[session]) {
      link.close(how);
      drain(session, link);
    }
  }
  void say_ready(const std::string& session) const {
    static_cast<void>(bus_.publish(api::subject::session(session, "ready"), "{}"));
  }

  [[nodiscard]] const std::map<std::string, api::SessionSpec>& specs() const { return specs_; }
  [[nodiscard]] const std::vector<api::Command>& commands() const { return commands_; }
  [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }      ///< bodies, including hellos
  [[nodiscard]] const std::vector<std::string>& ended() const { return ended_; }      ///< Errc names of ended links
  [[nodiscard]] const std::vector<std::string>& revoked() const { return revoked_; }  ///< links
  [[nodiscard]] int asked() const { return asked_; }

 private:
  std::unique_ptr<bus::Subscription> subscribed(std::string subject, std::function<void(const bus::BusMessage&)> tell) {
    auto subscription = bus_.subscribe(std::move(subject), std::move(tell), {});
    return std::move(*subscription);
  }

  static std::string refusal(unsigned status, std::string code) {
    return api::reply_text(api::Refusal{status, std::move(code), "as the script says", {}, 0});
  }

  void on_create(const bus::BusMessage& message) {
    ++asked_;
    const auto spec = api::parse<api::SessionSpec>(message.payload);
    const auto answer = [&](const std::string& text) { static_cast<void>(bus_.publish(message.reply_to, text)); };
    if (!spec) return answer(refusal(400, "bad_request"));
    if (before_reply) before_reply(*spec);
    switch (manner) {
      case Manner::refuses_busy:
        return answer(refusal(503, "agent_busy"));
      case Manner::refuses_unknown:
        return answer(refusal(404, "not_found"));
      case Manner::fails:
        return answer(refusal(500, "lxd_failed"));
      case Manner::answers_nonsense:
        return answer("nonsense");
      case Manner::is_silent:
        serve(*spec);
        return;
      case Manner::creates:
        break;
    }
    serve(*spec);
    api::Created created{announcement_.agent, "i-" + spec->session, announcement_.cluster, ice(spec->client)};
    answer(api::reply_text(to_json(created)));
  }

  static std::vector<api::IceServer> ice(const std::string& client) {
    return {{{"turn:turn.example:5349"}, "1893456000:" + client, "secret of " + client}};
  }

  void serve(const api::SessionSpec& spec) {
    specs_[spec.session] = spec;
    const std::string session = spec.session;
    ctl_[session] = subscribed(api::subject::session(session, "ctl"), [this](const bus::BusMessage& m) { on_ctl(m); });
    down_[session] = subscribed(api::subject::session(session, "down"),
                                [this, session](const bus::BusMessage& m) { on_down(session, m.payload); });
  }

  void on_ctl(const bus::BusMessage& message) {
    const auto command = api::parse<api::Command>(message.payload);
    if (!command) return;
    commands_.push_back(*command);
    if (on_command == Manner::is_silent) return;
    std::string reply = on_command == Manner::creates
                            ? api::reply_text(to_json(api::CommandReply{ice(command->client)}))
                            : refusal(500, "lxd_failed");
    if (on_command == Manner::refuses_unknown) reply = refusal(404, "session_unknown");
    static_cast<void>(bus_.publish(message.reply_to, reply));
  }

  void on_down(const std::string& session, std::string_view payload) {
    const auto frame = bus::LinkFrame::parse(payload);
    if (!frame || !runtime_answers) return;
    if (frame->end == "revoked") revoked_.push_back(frame->link);
    auto& links = links_[session];
    auto found = links.find(frame->link);
    if (found == links.end()) {
      if (frame->seq != 1) {
        if (const auto reset = bus::reset_for(*frame)) publish(session, *reset);
        return;
      }
      found = links.emplace(frame->link, bus::Link(frame->link)).first;
    }
    found->second.handle_input(net::now(), *frame);
    drain(session, found->second);
  }

  void drain(const std::string& session, bus::Link& link) {
    while (true) {
      bus::Link::Output output = link.poll_output(net::now());
      if (auto* transmit = std::get_if<bus::Link::Transmit>(&output)) {
        publish(session, transmit->frame);
      } else if (auto* deliver = std::get_if<bus::Link::Deliver>(&output)) {
        heard_.push_back(std::move(deliver->body));
      } else if (const auto* over = std::get_if<bus::Link::Ended>(&output)) {
        ended_.emplace_back(name(over->why));
      } else {
        return;
      }
    }
  }

  void publish(const std::string& session, const bus::LinkFrame& frame) {
    static_cast<void>(bus_.publish(api::subject::session(session, "up"), frame.text()));
  }

  bus::Bus& bus_;
  api::Announcement announcement_;
  std::unique_ptr<bus::Subscription> hello_, create_;
  std::map<std::string, std::unique_ptr<bus::Subscription>> ctl_, down_;
  std::map<std::string, api::SessionSpec> specs_;
  std::map<std::string, std::map<std::string, bus::Link>> links_;
  std::vector<api::Command> commands_;
  std::vector<std::string> heard_, ended_, revoked_;
  std::int64_t number_ = 0;
  int asked_ = 0;
};

}  // namespace redan::cloud::test
