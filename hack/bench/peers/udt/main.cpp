// udt moves one file over one stream of the UDT 4 library: udt -addr HOST:PORT -file FILE recv|send. A sender prints
// its report as JSON, like the other peers.
#include <arpa/inet.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <udt/udt.h>

static int fail(const char *what) {
  fprintf(stderr, "udt: %s: %s\n", what, UDT::getlasterror().getErrorMessage());
  return 1;
}

static UDTSOCKET make() {
  UDTSOCKET s = UDT::socket(AF_INET, SOCK_STREAM, 0);
  int buffer = 96 << 20, packets = 96 << 10, udp = 8 << 20;
  UDT::setsockopt(s, 0, UDT_FC, &packets, sizeof packets);
  UDT::setsockopt(s, 0, UDT_SNDBUF, &buffer, sizeof buffer);
  UDT::setsockopt(s, 0, UDT_RCVBUF, &buffer, sizeof buffer);
  UDT::setsockopt(s, 0, UDP_SNDBUF, &udp, sizeof udp);
  UDT::setsockopt(s, 0, UDP_RCVBUF, &udp, sizeof udp);
  return s;
}

static double since(std::chrono::steady_clock::time_point t) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - t).count();
}

int main(int argc, char **argv) {
  std::string address, file, role;
  for (int i = 1; i < argc; i++) {
    if (i + 1 < argc && !strcmp(argv[i], "-addr")) address = argv[++i];
    else if (i + 1 < argc && !strcmp(argv[i], "-file")) file = argv[++i];
    else role = argv[i];
  }
  size_t colon = address.rfind(':');
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, address.substr(0, colon).c_str(), &peer.sin_addr) != 1) {
    fprintf(stderr, "udt: want -addr IPV4:PORT\n");
    return 1;
  }
  peer.sin_port = htons(std::stoi(address.substr(colon + 1)));
  UDT::startup();
  UDTSOCKET s = make();
  int64_t size = 0, offset = 0;
  char done = 1;
  if (role == "recv") {
    if (UDT::bind(s, (sockaddr *)&peer, sizeof peer) == UDT::ERROR || UDT::listen(s, 4) == UDT::ERROR) return fail("listen");
    UDTSOCKET c = UDT::accept(s, nullptr, nullptr);
    if (c == UDT::INVALID_SOCK) return fail("accept");
    if (UDT::recv(c, (char *)&size, sizeof size, 0) != sizeof size) return fail("receive the size");
    std::fstream out(file, std::ios::out | std::ios::binary | std::ios::trunc);
    if (UDT::recvfile(c, out, offset, size) != size) return fail("receive");
    out.close();
    if (UDT::send(c, &done, 1, 0) == UDT::ERROR) return fail("confirm");
    UDT::recv(c, &done, 1, 0); // until the sender hangs up
    return 0;
  }
  struct stat info{};
  if (stat(file.c_str(), &info)) return fail("no such file");
  size = info.st_size;
  std::fstream in(file, std::ios::in | std::ios::binary);
  auto began = std::chrono::steady_clock::now();
  if (UDT::connect(s, (sockaddr *)&peer, sizeof peer) == UDT::ERROR) return fail("connect");
  double handshake = since(began);
  began = std::chrono::steady_clock::now();
  if (UDT::send(s, (char *)&size, sizeof size, 0) == UDT::ERROR || UDT::sendfile(s, in, offset, size) != size) return fail("send");
  if (UDT::recv(s, &done, 1, 0) != 1) return fail("wait for the end");
  printf("{\"bytes\":%lld,\"seconds\":%.6f,\"handshake\":%.6f}\n", (long long)size, since(began), handshake);
  UDT::close(s);
  return 0;
}
