namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Instructions of sm_90 for barriers in shared memory, bulk copies of tiles (TMA), and registers that warpgroups give each other.
/// Barriers are named by addresses of shared memory.
/// </summary>
internal static class BulkInstructions
{
    public const int MostRegisters = 256;
    public const int FewestRegisters = 24;

    public static Instruction? Find(Instruction common, string[] parts, IReadOnlyList<Operand> operands)
    {
        return parts switch
        {
            ["mbarrier", "init", "shared" or "shared::cta", "b64"] when operands is [{ IsAddress: true }, { IsAddress: false }] =>
                Of(BulkOperation.StartBarrier),
            ["fence", "mbarrier_init", "release", "cluster"] => Of(BulkOperation.OfferBarriers),
            // _, [barrier]
            ["mbarrier", "arrive", "shared" or "shared::cta", "b64"] when operands is [_, { IsAddress: true }] =>
                Of(BulkOperation.Arrive, addressAt: 1),
            ["mbarrier", "arrive", "shared::cluster", "b64"] or ["mbarrier", "arrive", "release", "cluster", "shared::cluster", "b64"]
                when operands is [_, { IsAddress: true }] => Of(BulkOperation.Arrive, addressAt: 1),
            ["barrier", "cluster", "arrive"] or ["barrier", "cluster", "arrive", "release"] => Of(BulkOperation.ArriveInCluster),
            ["barrier", "cluster", "wait"] or ["barrier", "cluster", "wait", "acquire"] => common with { Kind = InstructionKind.ClusterWait },
            // the address in another group, the address, its rank
            ["mapa", "shared::cluster", "u32"] when operands.Count == 3 => Of(BulkOperation.FindInCluster),
            // _, [barrier], bytes
            ["mbarrier", "arrive", "expect_tx", "shared" or "shared::cta", "b64"] when operands is [_, { IsAddress: true }, _] =>
                Of(BulkOperation.AnnounceBytes, addressAt: 1),
            // done, [barrier], parity
            ["mbarrier", "try_wait", "parity", "shared" or "shared::cta", "b64"]
                or ["mbarrier", "try_wait", "parity", "acquire", "cluster", "shared::cta", "b64"] when operands is [_, { IsAddress: true }, _] =>
                common with { Kind = InstructionKind.TryWait, AddressAt = 1, Offset = operands[1].Offset },
            // [map], bytes
            ["fence", "proxy", "tensormap::generic", "acquire", "cta" or "cluster" or "gpu" or "sys"]
                when operands is [{ IsAddress: true }, _] => Of(BulkOperation.AcquireMap),
            // [to], [map, {column, row}], [barrier], which groups of the cluster get it
            ["cp", "async", "bulk", "tensor", "2d", "shared::cluster", "global", "mbarrier::complete_tx::bytes", .. var rest]
                when (rest is [] && common.Counts is [1, 3, 1]) || (rest is ["multicast::cluster"] && common.Counts is [1, 3, 1, 1]) =>
                operands is [{ IsAddress: true }, { IsAddress: true, Offset: 0 }, { IsAddress: true, Offset: 0 }, ..] ? Of(BulkOperation.Copy) : null,
            _ => null,
        };

        Instruction Of(BulkOperation operation, int addressAt = 0) =>
            common with { Kind = InstructionKind.Bulk, Bulk = operation, AddressAt = addressAt, Offset = operands.Count > addressAt ? operands[addressAt].Offset : 0 };
    }

    /// <summary><c>setmaxnreg.inc</c> and <c>.dec</c>, which all warps of a warpgroup execute.</summary>
    public static WarpOperation ChangeRegisters(string change) => (warp, _, i) =>
    {
        int count = Slot.As<int>(ref warp.Registers(0), i.D);
        if (change is not ("inc" or "dec") || count is < FewestRegisters or > MostRegisters || count % 8 != 0)
        {
            throw new PtxException($"{change} to {count} registers, expected inc or dec to a multiple of 8 of {FewestRegisters} to {MostRegisters}");
        }

        warp.AskedRegisters = count;
    };
}
