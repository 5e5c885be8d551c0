/*
 * What ns-3's RedQueueDisc does with an open load, as lines for vectors/red-open-load.txt:
 *   c++ -std=c++17 -o ns3_red ns3_red.cpp -lns3-traffic-control -lns3-network -lns3-core && ./ns3_red
 *
 * The load and the line are described in README.md. Gentle is set explicitly, as are "wait" (off: the paper's spacing)
 * and the thresholds.
 */
#include "ns3/core-module.h"
#include "ns3/network-module.h"
#include "ns3/red-queue-disc.h"

#include <cinttypes>
#include <cstdio>

using namespace ns3;

namespace {

const uint32_t kLength = 1000;         // bytes
const int64_t kServiceNs = 4000000;    // in which one leaves: 2 Mbit/s
const uint32_t kWarmUp = 1000, kPackets = 200000;

class Item : public QueueDiscItem {
public:
    explicit Item(Ptr<Packet> packet) : QueueDiscItem(packet, Address(), 0) {}
    void AddHeader() override {}
    bool Mark() override { return false; }
};

struct Run {
    Ptr<RedQueueDisc> disc;
    int64_t mean_ns;
    uint64_t state = 1; // tests/draw.h
    uint32_t came = 0, lost = 0, samples = 0;
    double backlog = 0;
    bool busy = false;

    uint32_t Draw()
    {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(state >> 32);
    }

    void Leave()
    {
        busy = disc->Dequeue();
        if (busy)
            Simulator::Schedule(NanoSeconds(kServiceNs), &Run::Leave, this);
    }

    void Come()
    {
        if (came == kPackets) {
            Simulator::Stop();
            return;
        }
        bool counts = came++ >= kWarmUp;
        bool taken = disc->Enqueue(Create<Item>(Create<Packet>(kLength)));
        if (counts && !taken)
            lost++;
        if (counts) {
            backlog += disc->GetNPackets();
            samples++;
        }
        if (!busy)
            Leave();
        Simulator::Schedule(NanoSeconds(Draw() % (2 * mean_ns)), &Run::Come, this);
    }
};

} // namespace

int main()
{
    const unsigned loads[] = {1050, 1100, 1150, 1300}; // thousandths of what the line carries

    for (bool gentle : {false, true}) {
        for (unsigned load : loads) {
            Run run;
            run.mean_ns = kServiceNs * 1000 / load;
            run.disc = CreateObject<RedQueueDisc>();
            run.disc->SetAttribute("MaxSize", StringValue("1000p"));
            run.disc->SetAttribute("MinTh", DoubleValue(20));
            run.disc->SetAttribute("MaxTh", DoubleValue(60));
            run.disc->SetAttribute("QW", DoubleValue(1.0 / 128));
            run.disc->SetAttribute("LInterm", DoubleValue(10));
            run.disc->SetAttribute("Gentle", BooleanValue(gentle));
            run.disc->SetAttribute("Wait", BooleanValue(false));
            run.disc->SetAttribute("MeanPktSize", UintegerValue(kLength));
            run.disc->SetAttribute("LinkBandwidth", DataRateValue(DataRate("2Mbps")));
            run.disc->SetAttribute("LinkDelay", TimeValue(MilliSeconds(0)));
            run.disc->Initialize();
            Simulator::Schedule(NanoSeconds(0), &Run::Come, &run);
            Simulator::Run();
            std::printf("ns-3 %d 7 %u %" PRIu32 " | %.4f %.2f\n", gentle ? 1 : 0, load, kPackets, (double)run.lost / (kPackets - kWarmUp),
                        run.backlog / run.samples);
            Simulator::Destroy();
        }
    }
    return 0;
}
