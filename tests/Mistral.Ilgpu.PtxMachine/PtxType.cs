namespace Mistral.Ilgpu.PtxMachine;

/// <summary>A fundamental type such as <c>s32</c>, <c>b8</c> or <c>f32</c>.</summary>
internal readonly record struct PtxType(char Letter, int Bytes)
{
    public bool IsSigned => Letter == 's';

    public static PtxType? Parse(string name) => name switch
    {
        [('b' or 'u' or 's' or 'f') and var letter, .. var bits] when bits is "8" or "16" or "32" or "64" => new PtxType(letter, int.Parse(bits) / 8),
        _ => null,
    };
}
