using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Moves each read of a structure's field to the block that makes the structure. ILGPU then makes separate values of structures,
/// and for a field that is read in another block it makes a phi in each block between, of which none stays: a structure is made
/// once.
/// </summary>
internal sealed class FieldsAtTheirStructures : UnorderedTransformation
{
    protected override bool PerformTransformation(Method.Builder builder)
    {
        // In an order in which a structure comes before its fields, which may be structures.
        List<GetField> reads = [];
        foreach (var block in builder.SourceBlocks)
        {
            foreach (var entry in block)
            {
                if (entry.Value is GetField read)
                {
                    reads.Add(read);
                }
            }
        }

        bool isChanged = false;
        foreach (var read in reads)
        {
            var structure = read.ObjectValue.Resolve();
            // Parameters are there before the first block.
            var block = structure is Parameter ? builder.EntryBlock : structure.BasicBlock;
            if (block != read.BasicBlock)
            {
                var home = builder[block];
                if (structure is Parameter)
                {
                    home.SetupInsertPositionToStart();
                }
                else
                {
                    home.SetupInsertPosition(structure);
                    home.InsertPosition++;
                }

                home.AddFromOtherBlock(read);
                isChanged = true;
            }
        }

        return isChanged;
    }
}
