namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Generic addresses: global memory lies where it does in this process, shared and local memory in windows of their own far from
/// it.
/// </summary>
internal static class AddressWindows
{
    private const ulong Shared = 0x7100_0000_0000_0000;
    private const ulong Local = 0x7200_0000_0000_0000;
    private const ulong Length = 1UL << 32;

    /// <summary>What a generic address of the space has more than one within it.</summary>
    public static ulong Of(string space) => space switch
    {
        "shared" => Shared,
        "local" => Local,
        _ => 0,
    };

    /// <summary>The space of a generic address, and the address within it.</summary>
    public static (AddressSpace Space, ulong Address) Split(ulong address) =>
        address - Shared < Length ? (AddressSpace.Shared, address - Shared)
        : address - Local < Length ? (AddressSpace.Local, address - Local)
        : (AddressSpace.Global, address);
}
