namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <param name="SplitHeadDim">Head size of rows whose rotary pairs are split halves apart, 0 where rows need no
/// reordering.</param>
/// <param name="RowsPerHead">Rows that are one head's, 0 where rows belong to no head.</param>
internal sealed record ExpectedTensor(
    string Name, string SourceName, int Rows, int Columns, int SplitHeadDim = 0, int RowsPerHead = 0)
{
    public string ShapeText => Rows == 1 ? $"[{Columns}]" : $"[{Rows}, {Columns}]";
}
