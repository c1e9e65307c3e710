using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>The cache of one layer.</summary>
/// <param name="Window">The most positions that a query attends to.</param>
/// <param name="RingLength">Positions in the ring of one sequence: the window, rounded up to whole pages.</param>
/// <param name="Format">F32, BF16, F16 or Q8_0.</param>
/// <param name="Ring">The pages of all sequences.</param>
/// <param name="Fresh">Keys and values of the prompts' tokens until their attention has run; shared by all layers.</param>
/// <param name="Table">The pages of each sequence.</param>
internal sealed record KvLayer(int Window, int RingLength, TensorFormat Format, KvBuffers Ring, KvBuffers Fresh, PageTable Table)
{
    /// <summary>The addresses of the buffers in device memory.</summary>
    public TensorCache Addresses => new(
        Ring.Keys.LoadEffectiveAddressAsPtr(), Ring.Values.LoadEffectiveAddressAsPtr(), Fresh.Keys.LoadEffectiveAddressAsPtr(),
        Fresh.Values.LoadEffectiveAddressAsPtr());

    /// <summary>The addresses of rings in eight bits.</summary>
    public QuantCache QuantAddresses => new(
        Ring.Keys.LoadEffectiveAddressAsPtr(), Ring.Values.LoadEffectiveAddressAsPtr(),
        Ring.KeyScales.LoadEffectiveAddressAsPtr(), Ring.ValueScales.LoadEffectiveAddressAsPtr());
}
