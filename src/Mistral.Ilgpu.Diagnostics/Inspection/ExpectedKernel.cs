namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A kernel of a step, with all that it moves and computes in one pass.</summary>
/// <param name="Name">The kernel's type without its arguments.</param>
/// <param name="Weights">Bytes of weights, read once.</param>
/// <param name="Read">Bytes of activations, keys and values, read once.</param>
/// <param name="Written">Bytes that it writes.</param>
/// <param name="Again">Bytes that its groups read in addition, because several need the same; from the L2 cache.</param>
/// <param name="Operations">Arithmetic operations; a multiply-add is two.</param>
/// <param name="Tiles">Groups of a product or of attention of prompts, each with a multiprocessor's tensor cores for its whole
/// time; 0 for other kernels.</param>
internal sealed record ExpectedKernel(
    string Name, long Weights, long Read, long Written, long Again = 0, long Operations = 0, long Tiles = 0)
{
    /// <summary>Bytes to and from the device's memory.</summary>
    public long MemoryBytes => Weights + Read + Written;
}
