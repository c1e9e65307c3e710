using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>Which runner launches a pass, and what decorates it.</summary>
public sealed class PassRunnerTests
{
    [Theory]
    [InlineData("cpu", "GatheredPasses")]
    [InlineData("cuda", "RecordedPasses, DirectPasses")]
    public void Runner_OfAModel_IsItsFamilys(string name, string expected) =>
        Check(TestDevice.Get(name), expected);

    [Theory]
    [Trait(Needs.Trait, Needs.OpenCl)]
    [InlineData(nameof(KernelFamily.OpenClCpu), "ChainedPasses, DirectPasses")]
    [InlineData(nameof(KernelFamily.Gpu), "DirectPasses")]
    public void Runner_OfAForcedFamily_IsTheFamilys(string family, string expected)
    {
        using var device = TestDevice.OpenAs(Enum.Parse<KernelFamily>(family));
        Check(device, expected);
    }

    [Fact]
    public void Run_ARunnerDeclines_TheNextTakesThePass()
    {
        var (first, second, third) = (
            new Scripted(PassOutcome.Declined), new Scripted(PassOutcome.LaunchedWithChoice), new Scripted(PassOutcome.Launched));
        using var runners = new PassRunners(first, second, third);
        Assert.Equal(PassOutcome.LaunchedWithChoice, runners.Run(new Pass(1, 0, 1), TestContext.Current.CancellationToken));
        Assert.Equal((1, 1, 0), (first.Runs, second.Runs, third.Runs));
        runners.Dispose();
        Assert.All([first, second, third], runner => Assert.True(runner.IsDisposed));
    }

    [Fact]
    public void Decorate_TwiceAndUndone_GoesByTheInnerOnesInTurn()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cpu"));
        var chosen = model.Parts[0].Runner;
        var steps = new List<string>();
        var inner = model.Decorate(part => new Noting(part.Runner, part.Direct, "inner", steps));
        var outer = model.Decorate(part => new Noting(part.Runner, part.Direct, "outer", steps));

        using var text = new ModelText(model);
        text.Forward([1, 2, 3], TestContext.Current.CancellationToken);

        Assert.Equal(2 * model.Parts[0].Graph.StepsOf(model.LastPass).Length, steps.Count);
        Assert.Equal(["outer embed", "inner embed"], steps[..2]);
        outer.Dispose();
        inner.Dispose();
        Assert.Same(chosen, model.Parts[0].Runner);
        steps.Clear();
        text.Forward([4], TestContext.Current.CancellationToken);
        Assert.Empty(steps);
    }

    private static void Check(ComputeDevice device, string expected)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        using var model = MistralModel.LoadUntested(checkpoint, device);
        IReadOnlyList<IPassRunner> runners = model.Parts[0].Runner is PassRunners several ? several.Runners : [model.Parts[0].Runner];
        Assert.Equal(expected, string.Join(", ", runners.Select(runner => runner.GetType().Name)));
    }

    private static Checkpoint Write(string folder)
    {
        new RandomCheckpoint(11) { Type = "F32" }.Write(folder);
        return Checkpoint.Open(folder);
    }

    private sealed class Noting(IPassRunner inner, DirectPasses direct, string name, List<string> steps)
        : WalkedPasses(inner, direct)
    {
        public override void Launch(Step step, Pass pass)
        {
            steps.Add($"{name} {step.Name}");
            base.Launch(step, pass);
        }
    }

    private sealed class Scripted(PassOutcome outcome) : IPassRunner
    {
        public int Runs { get; private set; }

        public bool IsDisposed { get; private set; }

        public PassOutcome Run(Pass pass, CancellationToken cancellation)
        {
            Runs++;
            return outcome;
        }

        public void Dispose() => IsDisposed = true;
    }
}
