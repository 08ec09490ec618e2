Feature: A kind that is not allowed

  Scenario: Nobody rents
    Given I have simplepod_instance defined
    Then it must not contain gpu_model
