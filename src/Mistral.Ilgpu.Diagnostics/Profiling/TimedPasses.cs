using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>Takes a time stamp on the stream before and after each step.</summary>
internal sealed class TimedPasses(ModelPart part, StreamClock clock) : WalkedPasses(part.Runner, part.Direct)
{
    private readonly List<Step> _launched = [];

    public override void Launch(Step step, Pass pass)
    {
        if (step.RowCount(pass) > 0)
        {
            _launched.Add(step);
            clock.Mark();
            base.Launch(step, pass);
            clock.Mark();
        }
    }

    /// <summary>Waits for the times of the steps since the last call and returns them.</summary>
    public IReadOnlyList<StepTiming> Read(Pass pass)
    {
        var marks = clock.Read();
        StepTiming[] timings =
        [
            .. _launched.Select((step, i) => new StepTiming(
                step, part.Device.Info.Id, marks[2 * i], marks[(2 * i) + 1], step.Cost(pass))),
        ];
        _launched.Clear();
        return timings;
    }
}
