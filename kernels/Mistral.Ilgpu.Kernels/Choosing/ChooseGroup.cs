using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>
/// result[r] = the token chosen from row r of values as the step state says, see <see cref="TokenChoice"/>. It is −1 where one is
/// to be drawn and a logit is NaN or +∞, or none is finite. The values are rows × stride, of which the first columns count, four
/// read at once. <list type="number"> <item>The likeliest token, by atomics in shared memory; without a draw that is all.</item>
/// <item>Top-k, then top-p: the key (<see cref="TokenOrder"/>) up to which tokens are kept is found digit by digit. Tokens whose
/// digits so far are right, or their weights, are tallied by their next digit. Digits are 11, 11 and 10 bits of the distance, and
/// 11 and 7 of the id where equals are parted. After the first digit the tokens that can still matter are gathered in shared
/// memory, if they are few.</item> <item>The draw: the place at which the weights so far exceed random × their total, by its two
/// digits.</item> </list> Everything is whole numbers, so the order in which work items add does not matter: a host gives the
/// same token, see <see cref="TokenWeight"/>. One group per row, of any size. For CUDA: ILGPU's atomics in OpenCL need generic
/// pointers, which not every device has.
/// </summary>
[GroupForm]
[CudaForm(50)]
public readonly record struct ChooseGroup(
    StepState State, ArrayView<Floats4> Values, ArrayView<int> Result, int Columns, int Stride) : IKernel
{
    /// <summary>Largest group size.</summary>
    public const int MaxGroupSize = 1024;

    public void Execute()
    {
        var tally = new Tally(
            SharedMemory.Allocate<uint>(Tally.Bins), SharedMemory.Allocate<uint>(Tally.Bins),
            SharedMemory.Allocate<ulong>(Tally.SumCount));
        var list = new TokenList(SharedMemory.Allocate<ulong>(TokenList.Capacity), SharedMemory.Allocate<int>(1));
        var likeliest = SharedMemory.Allocate<uint>(2);
        int row = Grid.IdxX;
        var logits = new LogitRow(Values.SubView((long)row * (Stride / 4), Stride / 4), Columns);
        uint rank = logits.Likeliest(likeliest);
        int best = (int)likeliest[1];
        var choice = State.Choice(row);
        int chosen = best;
        if (choice.IsDrawn)
        {
            chosen = rank is TokenOrder.NoNumber or TokenOrder.RuledOut
                ? -1
                : new TokenSelection(choice, logits, logits[best], tally, list).Draw();
        }

        if (Group.IdxX == 0)
        {
            Result[row] = chosen;
        }
    }
}
