using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>Keys and values of one layer.</summary>
/// <param name="Window">Positions that a query sees at most.</param>
/// <param name="RingLength">Positions in the ring of one sequence: the window in whole pages.</param>
/// <param name="Format">F32, BF16, F16 or Q8_0.</param>
/// <param name="Ring">The pages of all sequences.</param>
/// <param name="Fresh">Those of the prompts' tokens until their attention has run, shared by all layers.</param>
/// <param name="Table">Which pages are whose.</param>
internal sealed record KvLayer(int Window, int RingLength, TensorFormat Format, KvBuffers Ring, KvBuffers Fresh, PageTable Table)
{
    /// <summary>Where they lie in the device's memory.</summary>
    public TensorCache Addresses => new(
        Ring.Keys.LoadEffectiveAddressAsPtr(), Ring.Values.LoadEffectiveAddressAsPtr(), Fresh.Keys.LoadEffectiveAddressAsPtr(),
        Fresh.Values.LoadEffectiveAddressAsPtr());
}
