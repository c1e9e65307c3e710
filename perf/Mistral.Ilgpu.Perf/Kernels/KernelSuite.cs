using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Mistral.Ilgpu.Perf.Kernels;

/// <summary>BenchmarkDotNet over single kernels, in this process: a device is opened once, and its kernels are compiled
/// once.</summary>
internal static class KernelSuite
{
    public static void Run(string[] args) => BenchmarkSwitcher.FromAssembly(typeof(KernelSuite).Assembly).Run(
        args,
        DefaultConfig.Instance
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance).WithInvocationCount(1).WithUnrollFactor(1).WithWarmupCount(2).WithIterationCount(7))
            .AddColumn(new RateColumn("GB/s", cost => cost.Bytes), new RateColumn("GFLOP/s", cost => cost.Operations))
            .WithOptions(ConfigOptions.JoinSummary));
}
