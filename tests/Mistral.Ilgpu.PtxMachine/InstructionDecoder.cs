namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Finds what an instruction does by its name.</summary>
internal static class InstructionDecoder
{
    // Hints, and orders among threads of a group, which one thread at a time keeps anyway.
    private static readonly HashSet<string> Hints =
        ["volatile", "weak", "relaxed", "acquire", "release", "cta", "gpu", "sys", "nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt"];

    /// <exception cref="PtxException">It is unknown.</exception>
    public static Instruction Decode(string mnemonic, IReadOnlyList<Operand> operands, int guard, bool isNegated, string text)
    {
        var common = new Instruction
        {
            Text = text,
            Guard = guard,
            IsGuardNegated = isNegated,
            Operands = [.. operands.SelectMany(operand => operand.Slots)],
            Counts = [.. operands.Select(operand => operand.Slots.Length)],
        };
        return Find(common, mnemonic, operands) ?? throw new PtxException($"unknown instruction '{text}'");
    }

    private static Instruction? Find(Instruction common, string mnemonic, IReadOnlyList<Operand> operands)
    {
        string[] parts = mnemonic.Split('.');
        switch (parts)
        {
            case ["ld", ..]:
                return Access(common, InstructionKind.Load, parts, operands);
            case ["st", ..]:
                return Access(common, InstructionKind.Store, parts, operands);
            case ["atom" or "red", ..]:
                return Atomic(common, parts, operands);
            case ["trap"]:
                return common with { Kind = InstructionKind.Trap };
            case ["ret" or "exit"]:
                return common with { Kind = InstructionKind.Exit };
            case ["fence", "proxy", "async"] or ["fence", "proxy", "async", "shared::cta"]:
                return common with { Kind = InstructionKind.ProxyFence };
            case ["fence", "mbarrier_init" or "proxy", ..]:
                return BulkInstructions.Find(common, parts, operands);
            case ["membar", "gl" or "sys"] or ["fence", .., "gpu" or "sys"]:
                return common with { Kind = InstructionKind.Fence };
            case ["griddepcontrol", "wait"]:
                return common with { Kind = InstructionKind.Await };
            case ["prefetch", "global", "L1" or "L2"]:
                return common with { Kind = InstructionKind.Prefetch, Offset = operands[0].Offset };
            case ["cp", "async", "bulk", "prefetch", "L2", "global"]:
                return operands is [{ IsAddress: true }, { IsAddress: false }]
                    ? common with { Kind = InstructionKind.BulkPrefetch, Offset = operands[0].Offset } : null;
            case ["membar" or "fence", ..] or ["griddepcontrol", "launch_dependents"]:
                return common with { Kind = InstructionKind.Nothing };
            case ["bar", "sync"] or ["barrier", "sync"] or ["barrier", "sync", "aligned"] or ["bar" or "barrier", "cta", "sync"]:
                return common with { Kind = InstructionKind.Barrier };
            case ["cp", "async", "commit_group"]:
                return common with { Kind = InstructionKind.AsyncCommit };
            case ["cp", "async", "wait_all"]:
                return common with { Kind = InstructionKind.AsyncCommit, Count = 1 };
            case ["cp", "async", "wait_group"]:
                return common with { Kind = InstructionKind.AsyncWait };
            case ["cp", "async", "ca" or "cg", "shared" or "shared::cta", "global", ..]:
                return operands is [{ IsAddress: true }, { IsAddress: true }, _] or [{ IsAddress: true }, { IsAddress: true }, _, _]
                    ? common with { Kind = InstructionKind.AsyncCopy, Offset = operands[0].Offset, SourceOffset = operands[1].Offset }
                    : null;
            case ["mov", _] when common.Counts is [> 1, 1] or [1, > 1]:
                return common with { Kind = InstructionKind.Registers, Compute = Packing.Find(parts[1], common.Counts) };
        }

        if (BulkInstructions.Find(common, parts, operands) is { } bulk)
        {
            return bulk;
        }

        if (WarpOperations.Find(parts, common.Counts) is var (meet, membersAt))
        {
            var address = operands.FirstOrDefault(operand => operand.IsAddress);
            return common with { Kind = InstructionKind.Warp, Meet = meet, MembersAt = membersAt, Offset = address?.Offset ?? 0 };
        }

        bool isFlushed = parts.Contains("ftz");
        var compute = RegisterOperations.Find(isFlushed ? string.Join('.', parts.Where(part => part != "ftz")) : mnemonic);
        return compute is null || common.Counts.Any(count => count != 1)
            ? null
            : common with { Kind = InstructionKind.Registers, Compute = isFlushed && parts[0] is not ("setp" or "cvt") ? Flushed(compute) : compute };
    }

    private static Instruction? Access(Instruction common, InstructionKind kind, string[] parts, IReadOnlyList<Operand> operands)
    {
        bool isLoad = kind == InstructionKind.Load;
        var space = AddressSpace.Generic;
        foreach (string part in parts[1..^1])
        {
            AddressSpace? named = part switch
            {
                "global" => AddressSpace.Global,
                "shared" or "shared::cta" => AddressSpace.Shared,
                "local" => AddressSpace.Local,
                "param" => AddressSpace.Param,
                _ => null,
            };
            if (named is not null)
            {
                space = named.Value;
            }
            else if (!Hints.Contains(part) && part is not ("v2" or "v4") && !part.StartsWith("L1::", StringComparison.Ordinal) && !part.StartsWith("L2::", StringComparison.Ordinal))
            {
                return null;
            }
        }

        int values = parts.Contains("v4") ? 4 : parts.Contains("v2") ? 2 : 1;
        if (PtxType.Parse(parts[^1]) is not { } type || operands.Count != 2 || common.Counts[isLoad ? 0 : 1] != values)
        {
            return null;
        }

        return common with
        {
            Kind = kind, Space = space, Width = type.Bytes, IsSigned = type.IsSigned, Count = values,
            IsFresh = parts.Any(part => part is "volatile" or "relaxed" or "acquire" or "cg" or "cv"), AddressAt = isLoad ? values : 0, Offset = operands[isLoad ? 1 : 0].Offset,
        };
    }

    // atom.global.add.u32 d, [a], b;   red.global.add.f32 [a], b;   and as ILGPU writes it, atom.add.global.u32 d, [a], b;
    private static Instruction? Atomic(Instruction common, string[] parts, IReadOnlyList<Operand> operands)
    {
        var space = parts.Contains("global") ? AddressSpace.Global : parts.Contains("shared") ? AddressSpace.Shared : AddressSpace.Generic;
        int addressAt = parts[0] == "atom" ? 1 : 0;
        var operation = parts[1..^1].Select(part => Atomics.Find(part, parts[^1])).FirstOrDefault(found => found is not null);
        return PtxType.Parse(parts[^1]) is { } type && operation is { } update
            ? common with
            {
                Kind = InstructionKind.Atomic, Space = space, Width = type.Bytes, AddressAt = addressAt, Offset = operands[addressAt].Offset, Update = update,
            }
            : null;
    }

    // Subnormal results become zero; subnormal operands are left.
    private static RegisterOperation Flushed(RegisterOperation compute) => (ref ulong registers, Instruction instruction) =>
    {
        compute(ref registers, instruction);
        ref float result = ref Slot.As<float>(ref registers, instruction.D);
        result = float.IsSubnormal(result) ? 0 * result : result;
    };
}
