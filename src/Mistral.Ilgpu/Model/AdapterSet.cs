namespace Mistral.Ilgpu.Model;

/// <summary>The adapters of a text.</summary>
/// <param name="Table">Counts the texts that use them; null for none.</param>
/// <param name="Mask">A bit for each. An adapter that is loaded later may come to have the bit of one that was unloaded.</param>
/// <param name="Key">Distinguishes keys and values that were computed with other adapters, unloaded ones included.</param>
internal readonly record struct AdapterSet(AdapterTable? Table, ulong Mask, ulong Key)
{
    /// <summary>Records that a text with them has ended.</summary>
    public void Return() => Table?.Return(Mask);
}
