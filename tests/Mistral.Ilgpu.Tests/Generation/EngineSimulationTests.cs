using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tests.Generation.Simulation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Engines on a model without a device, with faults everywhere: nothing hangs, nothing leaks, every text ends once, and
/// each that is finished is the one alone.</summary>
public sealed class EngineSimulationTests
{
    /// <summary>Texts that the engines take at least.</summary>
    public static TheoryData<int> Counts => [new TheoryDataRow<int>(12_000), Needs.ByHand(new TheoryDataRow<int>(100_000))];

    [Theory]
    [MemberData(nameof(Counts))]
    public async Task Texts_WithFaultsOfAllKinds_EndOnceAndAreThoseAlone(int count)
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seeds from {seed}");
        Dictionary<string, int> fates = [];
        for (; fates.Values.Sum() < count; seed = unchecked(seed + 1))
        {
            var simulation = new EngineSimulation(seed);
            await simulation.Run();
            foreach (var (fate, texts) in simulation.Taken.CountBy(text => text.Fate))
            {
                fates[fate] = texts + fates.GetValueOrDefault(fate);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', fates.OrderBy(fate => fate.Key)));
        // None of it is there in vain.
        Assert.All(
            [
                "Stop", "Stop shared", "Length", "Length shared", "Length continued", "Cancelled", "Cancelled waiting",
                "Deadline", "Deadline waiting", "SimulatedFault", "DeviceException", "DeviceException waiting",
            ],
            fate => Assert.Contains(fate, fates));
    }
}
