namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// The shared memory of a product whose tiles come by bulk copies. It has the stages of <see cref="WarpgroupMemory"/>, and beside
/// them a place for the sums of 64 tokens, so that the next tile's stages are filled while sums are written. Then come two
/// barriers for each stage.
/// </summary>
public static class BulkMemory
{
    /// <summary>Tokens whose sums have room at once.</summary>
    public const int SumTokens = WarpgroupSums.Tokens / 4;

    public const int SumsAt = WarpgroupMemory.Stages * WarpgroupMemory.StageBytes;

    /// <summary>The barriers at which a stage is full.</summary>
    public const int FullAt = SumsAt + (SumTokens * WarpgroupSums.PitchBytes);

    /// <summary>Those at which it has been multiplied.</summary>
    public const int FreeAt = FullAt + (WarpgroupMemory.Stages * PhaseBarrier.Bytes);

    private const int End = FreeAt + (WarpgroupMemory.Stages * PhaseBarrier.Bytes);

    /// <summary>What a launch gives each group.</summary>
    public const int Bytes = End + WarpgroupMemory.Alignment;
}
