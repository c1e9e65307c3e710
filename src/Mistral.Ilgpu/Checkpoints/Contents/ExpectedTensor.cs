namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>A tensor that the configuration requires.</summary>
/// <param name="SplitHeadDim">Head size if rotary pairs are stored as split halves of a head; 0 if rows need no
/// reordering.</param>
/// <param name="RowsPerHead">Rows of each head; 0 if the rows are not grouped by heads.</param>
internal sealed record ExpectedTensor(
    string Name, string SourceName, int Rows, int Columns, int SplitHeadDim = 0, int RowsPerHead = 0)
{
    public string ShapeText => Rows == 1 ? $"[{Columns}]" : $"[{Rows}, {Columns}]";
}
