namespace Mistral.Ilgpu.Planning;

/// <summary>The order of weights in device memory.</summary>
internal enum WeightLayout
{
    /// <summary>Row after row.</summary>
    Rows,

    /// <summary>Sixteen rows side by side, for vector processors (see <see cref="Strip"/>).</summary>
    Strips,
}
