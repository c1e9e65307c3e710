using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>Where a lane finds in a stage what it multiplies.</summary>
/// <param name="Run">The warp's.</param>
/// <param name="Quants">The row of weights that has the lane's number. Where halves are apart it is the row lane mod 16, from
/// lane 16 on the 16 bytes behind. Those are the places that a load of four matrices takes.</param>
/// <param name="Scales">The scales of the run, or of its block, of the row that has the lane's number.</param>
/// <param name="Values">The 16 bytes whose address it gives where the warp loads its tokens' quants.</param>
/// <param name="Entries">The run's entry of the token 2 × (lane mod 4).</param>
internal record struct RunPlace(int Run, uint Quants, uint Scales, uint Values, uint Entries);
