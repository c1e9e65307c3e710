namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A load from the device's memory.</summary>
/// <param name="Block">The block that has it.</param>
/// <param name="Bytes">Bytes that a wave loads with it.</param>
/// <param name="Views">A bit for each of the kernel's views that the address may come from.</param>
internal sealed record AmdLoad(AmdBlock Block, int Bytes, ulong Views);
