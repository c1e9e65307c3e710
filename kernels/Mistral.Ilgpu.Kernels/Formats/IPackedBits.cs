namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Such blocks whose bits lie in the order of their quants, so that all words of half a run are decoded alike.</summary>
internal interface IPackedBits : IPackedFormat
{
    /// <summary>Four quants.</summary>
    /// <param name="lower">The word that has their lower bits, among those of other runs.</param>
    /// <param name="upper">The one that has their upper bits; 0 where they are not apart.</param>
    /// <param name="part">Whose bits to take: the run's number, in blocks of 32 and IQ4_XS that of the half.</param>
    static abstract uint Decode(uint lower, uint upper, int part);
}
