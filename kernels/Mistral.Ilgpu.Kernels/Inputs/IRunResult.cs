using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>What else is made of a run of activations while it is at hand.</summary>
public interface IRunResult
{
    /// <param name="lower">The run's first sixteen.</param>
    /// <param name="upper">Its other sixteen.</param>
    static abstract void Write(Int8Input output, long row, int run, ref float lower, ref float upper);

    /// <summary>The same where each of eight lanes has four of the run, see <see cref="PackedRun.Write"/>.</summary>
    static abstract void Write(PackedInput output, long row, int four, Floats4 x, bool exists);
}
