namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>The geometry that all block formats share.</summary>
public static class BlockRun
{
    /// <summary>Weights in a run.</summary>
    public const int Length = 32;

    /// <summary>Weights that share a scale.</summary>
    public const int Half = 16;

    /// <summary>Neighbouring columns that are multiplied at once, a byte each in an int.</summary>
    public const int QuadLength = 4;

    /// <summary>Quads in a run.</summary>
    public const int Quads = Length / QuadLength;
}
