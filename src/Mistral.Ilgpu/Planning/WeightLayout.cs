namespace Mistral.Ilgpu.Planning;

/// <summary>In what order weights lie on the device.</summary>
internal enum WeightLayout
{
    /// <summary>Row after row.</summary>
    Rows,

    /// <summary>Sixteen rows side by side, for vector processors; see <see cref="Strip"/>.</summary>
    Strips,
}
