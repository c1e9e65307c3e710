using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// How a token is chosen from a row of logits: the likeliest one, or one that is drawn. It is drawn from the <see cref="TopK"/>
/// likeliest; of them, from the fewest whose weights at temperature 1 reach <see cref="TopP"/>. Of those, it is no farther from
/// the likeliest than <see cref="MostDistance"/>.
/// </summary>
/// <param name="IsDrawn">Whether a token is drawn; if not, all else is ignored.</param>
/// <param name="TopK">Any number past the vocabulary keeps all.</param>
/// <param name="MostDistance">See <see cref="Choosing.TokenOrder"/>.</param>
/// <param name="Scale">Of the weights that are drawn by, see <see cref="Choosing.TokenWeight"/>.</param>
/// <param name="TopP">Of 2⁶⁴; 0 keeps all.</param>
/// <param name="Random">Decides the draw.</param>
public readonly record struct TokenChoice(bool IsDrawn, int TopK, uint MostDistance, ulong Scale, ulong TopP, ulong Random)
{
    /// <summary>Ints that a choice takes in the step state.</summary>
    public const int Ints = 9;

    /// <summary>The likeliest token, the lowest id of equals.</summary>
    public static TokenChoice Likeliest => default;

    /// <summary>Writes it as <see cref="Read"/> reads it.</summary>
    public void Write(Span<int> state)
    {
        (state[0], state[1], state[2]) = (IsDrawn ? 1 : 0, TopK, (int)MostDistance);
        (state[3], state[4]) = ((int)Scale, (int)(Scale >> 32));
        (state[5], state[6]) = ((int)TopP, (int)(TopP >> 32));
        (state[7], state[8]) = ((int)Random, (int)(Random >> 32));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TokenChoice Read(ArrayView<int> state, int at) => new(
        state[at] != 0, state[at + 1], (uint)state[at + 2], Wide(state[at + 3], state[at + 4]),
        Wide(state[at + 5], state[at + 6]), Wide(state[at + 7], state[at + 8]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Wide(int low, int high) => ((ulong)(uint)high << 32) | (uint)low;
}
