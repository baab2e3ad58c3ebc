// launch and init: new instances.
#include "base/words.hpp"
#include "cloud/api/resources.hpp"
#include "cloud/api/size.hpp"
#include "cmd/amc/grammar.hpp"
#include "cmd/arguments.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

struct Launch {
  std::string name, node, addons, tags, type, memory, disk, gpu_type, platform, features, userdata, userdata_path,
      metrics_server, display;
  std::vector<std::string> services, config;
  std::int64_t version = -1, cpus = 0, gpu_slots = -1, vpu_slots = -1, density = 0, fps = 0;
  bool raw = false, vm = false, devmode = false, no_disk_reserve = false, no_watchdog = false, graphics = false,
       streaming = false, no_start = false;
};

void set(json::object& object, const char* member, const std::string& text) {
  if (!text.empty()) object[member] = text;
}
void set(json::object& object, const char* member, bool flag) {
  if (flag) object[member] = true;
}

std::int64_t parse_bytes(const std::string& option, const std::string& text) {
  if (const auto bytes = to_number<std::int64_t>(text)) return *bytes;
  const auto bytes = cloud::api::parse_size(text);
  if (!bytes) throw AmcFailure(kUsage, option + " is a size such as 3GB");
  return *bytes;
}

// What a type gives and an option does not set. The type is not a member of the request.
json::object resources(const Launch& launch) {
  json::object wanted;
  if (!launch.type.empty()) {
    const auto given = cloud::api::resources_of_instance_type(launch.type);
    if (!given) throw AmcFailure(kUsage, "there is no instance type " + launch.type + "; there are a2.3 to g10.3");
    wanted = cloud::api::to_instance_json(*given);
  }
  if (launch.cpus != 0) wanted["cpus"] = launch.cpus;
  if (!launch.memory.empty()) wanted["memory"] = parse_bytes("--memory", launch.memory);
  if (!launch.disk.empty()) wanted["disk_size"] = parse_bytes("--disk-size", launch.disk);
  if (launch.gpu_slots >= 0) wanted["gpu-slots"] = launch.gpu_slots;
  if (launch.vpu_slots >= 0) wanted["vpu-slots"] = launch.vpu_slots;
  set(wanted, "gpu-type", launch.gpu_type);
  set(wanted, "no_disk_reserve", launch.no_disk_reserve);
  return wanted;
}

json::object display(const Launch& launch) {
  json::object wanted;
  if (!launch.display.empty()) {
    const std::vector<std::string> sides = split(launch.display, 'x');
    if (sides.size() != 2) throw AmcFailure(kUsage, "--display-size is WIDTHxHEIGHT, such as 1280x720");
    wanted["width"] = parse_integer(sides[0]);
    wanted["height"] = parse_integer(sides[1]);
  }
  if (launch.fps != 0) wanted["fps"] = launch.fps;
  if (launch.density != 0) wanted["density"] = launch.density;
  return wanted;
}

// "security.delete_protected=true"
void read_setting(json::object& config, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) throw AmcFailure(kUsage, "--config is NAME=VALUE");
  const std::string value = setting.substr(equals + 1);
  json::value& member = config[setting.substr(0, equals)];
  member = value;
  if (value == "true" || value == "false") member = value == "true";
}

json::object config(const Launch& launch) {
  json::object wanted;
  set(wanted, "platform", launch.graphics && launch.platform.empty() ? "webrtc" : launch.platform);
  set(wanted, "features", launch.features);
  set(wanted, "metrics_server", launch.metrics_server);
  set(wanted, "devmode", launch.devmode);
  set(wanted, "disable_watchdog", launch.no_watchdog);
  set(wanted, "enable_streaming", launch.streaming);
  if (json::object screen = display(launch); !screen.empty()) wanted["display"] = std::move(screen);
  for (const std::string& setting : launch.config) read_setting(wanted, setting);
  return wanted;
}

// "http:tcp:8080", "tcp,udp:9000-9100", "tcp:8080"
json::object service(const std::string& text) {
  std::vector<std::string> parts = split(text, ':');
  json::object made{{"expose", false}};
  if (parts.size() == 3) {
    made["name"] = parts[0];
    parts.erase(parts.begin());
  }
  if (parts.size() != 2)
    throw AmcFailure(kUsage, "--service is PROTOCOLS:PORT or NAME:PROTOCOLS:PORT, such as tcp:8080");
  const std::vector<std::string> ports = split(parts[1], '-');
  if (ports.empty() || ports.size() > 2) throw AmcFailure(kUsage, "a port of --service is 8080 or 9000-9100");
  made["protocols"] = to_array(split(parts[0]));
  made["port"] = parse_integer(ports[0]);
  if (ports.size() == 2) made["port_end"] = parse_integer(ports[1]);
  return made;
}

json::object request(const std::string& which, const Launch& launch) {
  json::object body{{launch.raw ? "image_id" : "app_id", which}};
  if (launch.version >= 0) body[launch.raw ? "image_version" : "app_version"] = launch.version;
  set(body, "name", launch.name);
  set(body, "node", launch.node);
  set(body, "type", launch.vm ? std::string("vm") : std::string());
  set(body, "user_data", launch.userdata_path.empty() ? launch.userdata : read_file(launch.userdata_path));
  set(body, "no_start", launch.no_start);
  if (!launch.addons.empty()) body["addons"] = to_array(split(launch.addons));
  if (!launch.tags.empty()) body["tags"] = to_array(split(launch.tags));
  if (json::object wanted = resources(launch); !wanted.empty()) body["resources"] = std::move(wanted);
  if (json::object wanted = config(launch); !wanted.empty()) body["config"] = std::move(wanted);
  json::array services;
  for (const std::string& one : launch.services) services.emplace_back(service(one));
  if (!services.empty()) body["services"] = std::move(services);
  return body;
}

void run(Amc& amc, const Launch& launch) {
  const json::value started =
      amc.session().ask("POST", amc.until_running("/1.0/instances"), request(amc.options().which, launch));
  const std::string id = made_by(started, "instances");
  if (!amc.options().json) amc.print_line(id, {});
  amc.finish(started);
  if (amc.options().json) amc.print(amc.session().ask("GET", path_of("/1.0/instances/", id)));
}

void add_resources(CLI::App* to, Launch& launch) {
  to->add_option("--instance-type", launch.type, "a2.3 to g10.3: processors, memory and disk together");
  to->add_option("-c,--cpus", launch.cpus, "Number of processors")->check(CLI::NonNegativeNumber);
  to->add_option("-m,--memory", launch.memory, "Such as 3GB");
  to->add_option("-d,--disk-size", launch.disk, "Such as 3GB");
  to->add_option("-g,--gpu-slots", launch.gpu_slots, "Slots of a GPU (-1: as the application says)");
  to->add_option("--gpu-type", launch.gpu_type, "Kind of GPU");
  to->add_option("-v,--vpu-slots", launch.vpu_slots, "Slots of a VPU (-1: as the application says)");
  to->add_flag("--no-disk-reserve", launch.no_disk_reserve, "Do not reserve the disk's size");
}

void add_settings(CLI::App* to, Launch& launch) {
  to->add_option("-p,--platform", launch.platform, "webrtc or null");
  to->add_option("--display-size", launch.display, "Such as 1280x720");
  to->add_option("--display-density", launch.density, "Dots per inch")->check(CLI::NonNegativeNumber);
  to->add_option("--fps", launch.fps, "Pictures per second")->check(CLI::NonNegativeNumber);
  to->add_flag("--enable-graphics", launch.graphics, "The same as --platform webrtc");
  to->add_flag("--enable-streaming", launch.streaming, "Register the instance for streaming");
  to->add_option("--config", launch.config, "NAME=VALUE, such as security.delete_protected=true; repeatable")
      ->allow_extra_args(false);
  to->add_option("--features", launch.features, "Features of Android");
  to->add_option("--metrics-server", launch.metrics_server, "Where Android's metrics go");
  to->add_flag("--devmode", launch.devmode, "Android's development mode");
  to->add_flag("--disable-watchdog", launch.no_watchdog, "Do not watch Android");
}

void add_one(Grammar& grammar, CLI::App* parent, const char* name, const char* description, bool starts) {
  const auto launch = std::make_shared<Launch>();
  launch->no_start = !starts;
  CLI::App* made = grammar.command(parent, name, description, [launch](Amc& amc) { run(amc, *launch); });
  grammar.which(made, "The application, or with --raw the image");
  made->add_flag("-r,--raw", launch->raw, "Launch an image");
  made->add_flag("--vm", launch->vm, "In a virtual machine");
  made->add_option("--version,--application-version", launch->version, "Version of the application or image");
  made->add_option("--name", launch->name, "Its name");
  made->add_option("-n,--node", launch->node, "Where it runs");
  made->add_option("-a,--addons", launch->addons, "Addons, with commas between");
  made->add_option("--tags", launch->tags, "Tags, with commas between");
  made->add_option("-s,--service", launch->services, "tcp:8080, http:tcp:80, udp:9000-9100; repeatable")
      ->allow_extra_args(false);
  made->add_option("--userdata", launch->userdata, "Text that the instance receives");
  made->add_option("--userdata-path", launch->userdata_path, "A file with that text");
  if (starts) made->add_flag("--no-start", launch->no_start, "The same as init");
  add_resources(made, *launch);
  add_settings(made, *launch);
  grammar.timeout(grammar.no_wait(made));
}

}  // namespace

void add_launch(Grammar& grammar, CLI::App* parent) {
  add_one(grammar, parent, "launch", "Start a new instance, and print its id", true);
  add_one(grammar, parent, "init", "Create an instance without starting it, and print its id", false);
}

}  // namespace redan::cmd
