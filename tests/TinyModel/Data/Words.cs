namespace Mistral.Ilgpu.TinyModel.Data;

/// <summary>The words of the model's small world.</summary>
internal static class Words
{
    public static readonly string[] Girls =
        ["Anna", "Lily", "Mia", "Emma", "Sara", "Zoe", "Rose", "Nora", "Ella", "Amy", "Lucy", "Ruby", "Kate", "Jane", "Lena", "Ivy", "Tina", "Cora", "Mary", "Dora"];

    public static readonly string[] Boys =
        ["Tom", "Ben", "Max", "Sam", "Leo", "Tim", "Jack", "Dan", "Finn", "Bob", "Otto", "Paul", "Nick", "Theo", "Carl", "Rob", "Will", "Hugo", "Alex", "Fred"];

    /// <summary>Names of those who talk with the model; none is a hero's.</summary>
    public static readonly string[] Speakers =
    [
        "Alice", "Bella", "Clara", "Daisy", "Elena", "Fiona", "Grace", "Helen", "Irene", "Julia", "Karen", "Laura", "Maria", "Nina", "Olga",
        "Paula", "Rita", "Sophie", "Tara", "Ursula", "Vera", "Wendy", "Yara", "Zelda", "Adam", "Brian", "Colin", "David", "Erik", "Felix",
        "George", "Henry", "Ivan", "James", "Kevin", "Luke", "Mark", "Noah", "Oscar", "Peter", "Quinn", "Ralph", "Simon", "Tony", "Victor",
        "Walter", "Yuri", "Zack", "Arthur", "Bruno", "Cedric", "Dylan", "Edgar", "Frank", "Gordon", "Harold", "Isaac", "Jonas", "Kurt", "Louis",
    ];

    public static readonly string[] Animals =
        ["dog", "cat", "rabbit", "bird", "duck", "horse", "mouse", "frog", "fox", "bear", "sheep", "squirrel"];

    public static readonly string[] Places =
        ["the park", "the garden", "the forest", "the beach", "the farm", "the river", "the hill", "the market", "the lake", "the old barn", "the meadow", "the village"];

    public static readonly string[] Things =
    [
        "ball", "kite", "hat", "book", "doll", "boat", "drum", "bell", "box", "cup", "key", "lamp", "map", "ring", "shoe", "toy car", "train",
        "blanket", "basket", "bike", "flute", "scarf", "shell", "spoon", "puzzle",
    ];

    public static readonly string[] Looks =
        ["red", "blue", "green", "yellow", "big", "little", "shiny", "old", "new", "pretty", "soft", "round"];

    public static readonly string[] Foods = ["a cake", "some cookies", "an apple pie", "some soup", "some bread", "some pancakes"];

    public static readonly string[] Skills = ["swim", "ride a bike", "climb a tree", "whistle", "skate", "paint", "sing a song", "tie a knot"];

    public static readonly string[] Times = ["One day", "One morning", "One sunny day", "One evening", "One cold day", "One Sunday", "After lunch", "One windy day"];

    public static readonly string[] Happy = ["happy", "glad", "proud", "very happy", "full of joy", "so happy"];

    public static readonly string[] Sad = ["sad", "worried", "upset", "very sad", "scared", "cross"];

    public static readonly string[] Traits = ["kind", "brave", "clever", "shy", "funny", "curious", "quiet", "cheerful"];

    /// <summary>Words that the model may be asked to repeat; every eighth is held out.</summary>
    public static readonly string[] Repeatable =
    [
        "apple", "banana", "river", "window", "garden", "purple", "monkey", "summer", "winter", "bread", "cheese", "table", "chair", "flower",
        "mountain", "ocean", "pencil", "paper", "school", "teacher", "doctor", "market", "bridge", "castle", "dragon", "eagle", "forest",
        "guitar", "hammer", "island", "jacket", "kitchen", "ladder", "mirror", "needle", "orange", "pepper", "rabbit", "silver", "tiger",
        "umbrella", "village", "water", "yellow", "zebra", "cloud", "storm", "thunder", "rainbow", "sunshine", "morning", "evening", "night",
        "star", "moon", "planet", "rocket", "engine", "wheel", "button", "pocket", "sweater", "mitten", "candle", "lantern", "feather",
        "pebble", "stone", "brick", "wagon", "turtle", "lizard", "spider", "beetle", "honey", "butter", "sugar", "salt", "lemon", "cherry",
        "grape", "melon", "carrot", "potato", "onion", "tomato", "pumpkin", "basket", "bottle", "blanket", "pillow", "carpet", "curtain",
        "violin", "trumpet", "piano", "whistle", "letter", "number", "circle", "square", "triangle", "corner", "middle", "finger", "elbow",
        "shoulder", "ankle", "brother", "sister", "mother", "father", "cousin", "friend", "neighbor", "farmer", "baker", "sailor", "king",
        "queen", "prince", "knight", "wizard", "giant", "fairy", "secret", "answer", "question", "story", "dream", "wonder", "danger",
        "treasure", "journey", "picture", "color", "shadow", "echo", "silence", "music", "dance", "laughter",
    ];

    public static string Pick(this Random random, params string[] choices) => choices[random.Next(choices.Length)];

    /// <summary>A hash that is the same in every process, for splits by construction.</summary>
    public static uint StableHash(params string[] parts)
    {
        uint hash = 2166136261; // FNV-1a
        foreach (char c in string.Join('|', parts))
        {
            hash = (hash ^ c) * 16777619;
        }

        return hash;
    }
}
