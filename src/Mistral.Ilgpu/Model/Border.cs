using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Transfers;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The border between the layers of two devices. Hands the hidden states of a pass over, through page-locked host memory. The
/// first device may compute the next chunk of a prompt meanwhile, but is never more than one pass ahead.
/// </summary>
internal sealed class Border : IDisposable
{
    private readonly ComputeDevice _from;
    private readonly ComputeDevice _to;
    private readonly Activation _made;
    private readonly Activation _taken;
    private readonly LockedMemory<float> _rows;

    /// <param name="made">The hidden states on the first device.</param>
    /// <param name="taken">Their place on the second.</param>
    public Border(ComputeDevice from, Activation made, ComputeDevice to, Activation taken)
    {
        (_from, _made, _to, _taken) = (from, made, to, taken);
        _rows = new LockedMemory<float>(checked((int)made.View.Length), from, to);
    }

    /// <summary>Hands over the first rows, once the first device has computed them and the second has ended its pass.</summary>
    public void Cross(int rows)
    {
        long length = (long)rows * _made.Stride;
        ref float host = ref _rows.Span[0];
        // The copy of the pass before reads the host's memory.
        _to.Synchronize();
        _made.View.SubView(0, length).CopyToCPUUnsafeAsync(_from.Stream, ref host, length);
        _from.Synchronize();
        _taken.View.SubView(0, length).CopyFromCPUUnsafeAsync(_to.Stream, ref host, length);
    }

    public void Dispose() => _rows.Dispose();
}
