namespace Mistral.Ilgpu;

/// <summary>How far a load is. Kernels are compiled at a device's first use only, and then counted as they are found to be
/// needed.</summary>
/// <param name="BytesLoaded">Bytes of weights on the device, as stored.</param>
/// <param name="TotalBytes">Bytes of all weights, as stored.</param>
/// <param name="KernelsReady">Kernels that can be launched; 0 where none had to be compiled.</param>
/// <param name="TotalKernels">Kernels known to be needed so far.</param>
public readonly record struct LoadProgress(long BytesLoaded, long TotalBytes, int KernelsReady, int TotalKernels);
